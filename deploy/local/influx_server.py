"""A real InfluxDB 2, set up with an organisation, a bucket and a token."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import urllib.error
import urllib.request
from pathlib import Path
from typing import ClassVar, Self

from deploy.local.builds import ServicesError, fetch_influxd
from deploy.local.containers import Container, container_name, docker_works, fetch_image
from deploy.local.processes import Process, Running
from deploy.local.server import START_TIMEOUT_S, Server

INFLUX_IMAGE = "influxdb:2.7"
INFLUX_PORT = 8086  # inside a container
ORG = "dc"
BUCKET = "coldaisle"
ANSWER_TIMEOUT_S = 2.0
SETUP_TIMEOUT_S = 30.0
# Straight to this machine, whatever proxy the environment names.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class InfluxServer(Server):
    """InfluxDB on 127.0.0.1. The token may do everything.

    It is also in `token_file`, which only its owner can read.
    """

    name: ClassVar[str] = "InfluxDB"
    org: ClassVar[str] = ORG
    bucket: ClassVar[str] = BUCKET

    def __init__(self, folder: Path, port: int | None = None) -> None:
        super().__init__(folder, port)
        self.token = secrets.token_urlsafe(32)
        self.token_file = self.folder / "token"
        write_secret(self.token_file, self.token)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answers(self) -> bool:
        return answers_health(self.url)

    def _prepare(self) -> Running:
        if docker_works():
            fetch_image(INFLUX_IMAGE)
            return Container(
                container_name(self.folder),
                INFLUX_IMAGE,
                {self.port: INFLUX_PORT},
                {},
                ("--reporting-disabled",),
            )
        command = [
            str(fetch_influxd()),
            f"--http-bind-address=127.0.0.1:{self.port}",
            f"--bolt-path={self.folder}/influxd.bolt",
            f"--sqlite-path={self.folder}/influxd.sqlite",
            f"--engine-path={self.folder}/engine",
            "--reporting-disabled",
        ]
        return Process(command, self.folder / "influxd.log")

    def start(self, timeout_s: float = START_TIMEOUT_S) -> Self:
        super().start(timeout_s)
        self._set_up()
        return self

    def _set_up(self) -> None:
        status, answer = ask(f"{self.url}/api/v2/setup")
        if status == 200 and not answer.get("allowed"):
            return  # a restart
        wish = {"username": "local", "password": secrets.token_urlsafe(16), "org": ORG, "bucket": BUCKET}
        status, answer = ask(
            f"{self.url}/api/v2/setup", wish | {"token": self.token, "retentionPeriodSeconds": 0}
        )
        if status != 201:
            raise ServicesError(f"InfluxDB refused its set-up with {status}: {answer.get('message', answer)}")


def answers_health(url: str) -> bool:
    """True if an InfluxDB at `url` says that it is well."""
    try:
        status, answer = ask(f"{url}/health", timeout_s=ANSWER_TIMEOUT_S)
    except ServicesError:
        return False
    return status == 200 and answer.get("status") == "pass"


def accepts_token(url: str, token: str) -> bool:
    """True if the InfluxDB at `url` is one that this token opens."""
    try:
        return ask(f"{url}/api/v2/buckets?limit=1", token=token, timeout_s=ANSWER_TIMEOUT_S)[0] == 200
    except ServicesError:
        return False


def ask(
    url: str, body: dict[str, object] | None = None, token: str = "", timeout_s: float = SETUP_TIMEOUT_S
) -> tuple[int, dict[str, object]]:
    """Status and JSON object of a GET, or of a POST if there is a body.

    Raises ServicesError if nothing answers.
    """
    headers = {"Authorization": f"Token {token}"} if token else {}
    request = urllib.request.Request(url, None if body is None else json.dumps(body).encode(), headers)
    try:
        with DIRECT.open(request, timeout=timeout_s) as reply:
            status, text = reply.status, reply.read()
    except urllib.error.HTTPError as refused:
        status, text = refused.code, refused.read()
    except (OSError, http.client.HTTPException) as broken:
        raise ServicesError(f"{url} does not answer: {broken}") from broken
    try:
        answer = json.loads(text)
    except ValueError:
        answer = {"message": text.decode(errors="replace")[:200]}
    return status, answer if isinstance(answer, dict) else {}


def write_secret(path: Path, secret: str) -> None:
    """Writes a file that only its owner may ever read; no line end, so that any reader is right."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secret)
