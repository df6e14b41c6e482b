"""Whether InfluxDB would take points now, found out without writing any."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

import msgspec
import urllib3
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.rest import ApiException

from agent.config import InfluxConfig
from agent.errors import ConfigError

_MAX_REASON_CHARS = 200
_NO_CONTENT = 204
_UNAUTHORIZED = 401
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class WriteFault:
    """Why a write would be refused, in one line."""

    reason: str
    bucket_missing: bool = False


def find_write_fault(config: InfluxConfig) -> WriteFault | None:
    """An empty write goes through every check of a real one, and needs no right but to write.

    Raises:
        ConfigError: the token cannot be read.
    """
    target = urlencode({"org": config.org, "bucket": config.bucket, "precision": "ns"})
    headers = {"Authorization": f"Token {config.read_token()}"}
    with urllib3.PoolManager(timeout=config.timeout_s, retries=False) as pool:
        try:
            url = f"{config.url.rstrip('/')}/api/v2/write?{target}"
            answer = pool.request("POST", url, body=b"", headers=headers, redirect=False)
        except urllib3.exceptions.HTTPError as error:
            return WriteFault(f"{config.url} does not answer: {_first_line(str(error))}")
    if answer.status == _NO_CONTENT:
        return None
    said = _message(answer.data)
    if answer.status == _UNAUTHORIZED:
        return WriteFault(f"{config.url} does not accept the token: {said}")
    missing = answer.status == _NOT_FOUND and said.startswith("bucket ")
    return WriteFault(f"{config.url} would refuse points: {answer.status} {said}", bucket_missing=missing)


def create_bucket(config: InfluxConfig) -> None:
    """Make the bucket, without an end to its retention.

    Raises:
        ConfigError: InfluxDB refused, as it does a token that may only write.
    """
    with InfluxDBClient(
        config.url, config.read_token(), org=config.org, timeout=int(config.timeout_s * 1000)
    ) as client:
        try:
            client.buckets_api().create_bucket(bucket_name=config.bucket, org=config.org)
        except (ApiException, urllib3.exceptions.HTTPError) as error:
            said = _message(error.body or b"") if isinstance(error, ApiException) else str(error)
            raise ConfigError(
                f"influx: bucket {config.bucket} cannot be created: {_first_line(said)}"
            ) from error


def _message(body: bytes | str) -> str:
    """What InfluxDB says in an error's JSON."""
    try:
        told = msgspec.json.decode(body)
    except msgspec.DecodeError:
        told = None
    text = told.get("message", "") if isinstance(told, dict) else ""
    return _first_line(str(text) or (body.decode(errors="replace") if isinstance(body, bytes) else body))


def _first_line(text: str) -> str:
    line = text.splitlines()[0] if text else "no reason given"
    return "".join(c for c in line if c.isprintable())[:_MAX_REASON_CHARS]
