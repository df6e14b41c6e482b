"""The bucket, and two InfluxDB tasks that keep it from growing for ever.

| points | kept | by the task |
|---|---|---|
| anomaly_score | 30 days | `<bucket>: forget`, daily |
| reading | 90 days | `<bucket>: forget`, daily |
| anomaly_score_hourly: highest score and threshold of each hour | 1 year | made by `<bucket>: hourly` |
| all others, alerts and incidents among them | for ever | |

A bucket has one retention, and all points are to be found in one bucket: so the bucket keeps everything, and
a task deletes what is old. Flux cannot delete, but it can call InfluxDB's own HTTP interface, with a token
that may do nothing but write to this bucket, kept among InfluxDB's secrets.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Self
from urllib.parse import urlencode

import urllib3

from agent.errors import ConfigError
from agent.sink.answers import influx_words, shorten

SCORES, HOURLY, READINGS = "anomaly_score", "anomaly_score_hourly", "reading"
KEPT = {SCORES: "30d", READINGS: "90d", HOURLY: "365d"}
HOURS_AGAIN = 6  # the last hours are summed up anew each time, for points that came late

Json = dict[str, Any]


def prepare_bucket(
    url: str, org: str, bucket: str, token: str, timeout_s: float = 10.0, own_url: str = ""
) -> list[str]:
    """Make the bucket and its tasks, or bring them up to date; gives a line for each thing that was done.

    Args:
        token: one that may create buckets, tasks, tokens and secrets; the daemon's need not.
        own_url: where InfluxDB reaches itself, if that is not `url`.

    Raises:
        ConfigError: InfluxDB is away, or the token may not do all of it.
    """
    done = []
    with _Server(url, org, token, timeout_s) as server:
        org_id, found = server.org_id(), server.find("buckets", name=bucket)
        if found is None:
            wish = {"orgID": org_id, "name": bucket, "retentionRules": []}
            found = server.ask("POST", "buckets", body=wish)
            done.append(f"bucket {bucket} created")
        if _ensure_delete_token(server, found):
            done.append(f"token that deletes old points of {bucket} created")
        for name, flux in make_tasks(bucket, org, own_url or url, _secret_name(found)).items():
            if change := _ensure_task(server, org_id, name, flux):
                done.append(f"task {name} {change}")
    return done


def find_missing_tasks(url: str, org: str, bucket: str, token: str, timeout_s: float = 10.0) -> list[str]:
    """Names of the tasks of a bucket that do not run.

    Raises:
        ConfigError: InfluxDB is away, or the token may not see tasks (the daemon's need not).
    """
    with _Server(url, org, token, timeout_s) as server:
        server.org_id()  # who may not see this is shown no tasks either, without an error
        tasks = {name: server.find("tasks", name=name) for name in make_tasks(bucket, org, url, "")}
    return [name for name, task in tasks.items() if task is None or task["status"] != "active"]


def make_tasks(bucket: str, org: str, own_url: str, secret: str) -> dict[str, str]:
    """Name → Flux of the tasks of a bucket."""
    hourly, forget = f"{bucket}: hourly", f"{bucket}: forget"
    deletions = ",\n".join(
        f"        {{measurement: {flux_text(m)}, done: forget(m: {flux_text(m)}, older: {kept})}}"
        for m, kept in KEPT.items()
    )
    return {
        hourly: f"""import "date"

option task = {{name: {flux_text(hourly)}, every: 1h, offset: 5m}}

from(bucket: {flux_text(bucket)})
    |> range(
        start: date.truncate(t: date.sub(d: {HOURS_AGAIN}h, from: now()), unit: 1h),
        stop: date.truncate(t: now(), unit: 1h),
    )
    |> filter(fn: (r) => r._measurement == {flux_text(SCORES)})
    |> filter(fn: (r) => r._field == "score" or r._field == "threshold")
    |> aggregateWindow(every: 1h, fn: max, createEmpty: false, timeSrc: "_start")
    |> set(key: "_measurement", value: {flux_text(HOURLY)})
    |> to(bucket: {flux_text(bucket)})
""",
        forget: f"""import "array"
import "date"
import "http/requests"
import "influxdata/influxdb/secrets"
import "json"

option task = {{name: {flux_text(forget)}, every: 1d, offset: 3h}}

token = secrets.get(key: {flux_text(secret)})
forget = (m, older) => {{
    reply = requests.post(
        url: {flux_text(own_url.rstrip("/") + "/api/v2/delete")},
        params: ["org": [{flux_text(org)}], "bucket": [{flux_text(bucket)}]],
        headers: ["Authorization": "Token " + token, "Content-Type": "application/json"],
        body: json.encode(v: {{
            start: "1970-01-01T00:00:00Z",
            stop: string(v: date.sub(d: older, from: now())),
            predicate: "_measurement=\\"" + m + "\\"",
        }}),
    )
    return
        if reply.statusCode == 204 then true
        else die(msg: m + ": " + string(v: reply.statusCode) + " " + string(v: reply.body))
}}

array.from(
    rows: [
{deletions},
    ],
)
""",
    }


def flux_text(text: str) -> str:
    """A Flux string literal that is `text`: it cannot end early, and nothing in it is filled in."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "\\${")
    return '"' + escaped.replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t") + '"'


# -- one thing after the other -----------------------------------------------------------------------------


def _secret_name(bucket: Json) -> str:
    return f"coldaisle_{bucket['id']}"


def _ensure_delete_token(server: _Server, bucket: Json) -> bool:
    """A token and the secret that holds it; one of them without the other is of no use."""
    org_id, secret = bucket["orgID"], _secret_name(bucket)
    description = f"coldaisle: deletes old points of {bucket['name']}"
    tokens = server.ask("GET", "authorizations", {"orgID": org_id})["authorizations"]
    own = [token for token in tokens if token["description"] == description]
    if len(own) == 1 and secret in (server.ask("GET", f"orgs/{org_id}/secrets").get("secrets") or []):
        return False
    for token in own:
        server.ask("DELETE", f"authorizations/{token['id']}")
    resource = {"type": "buckets", "id": bucket["id"], "orgID": org_id}
    wish = {"orgID": org_id, "description": description}
    wish["permissions"] = [{"action": "write", "resource": resource}]
    made = server.ask("POST", "authorizations", body=wish)
    server.ask("PATCH", f"orgs/{org_id}/secrets", body={secret: made["token"]})
    return True


def _ensure_task(server: _Server, org_id: str, name: str, flux: str) -> str:
    """What had to be done to it, "" for nothing."""
    found, wish = server.find("tasks", name=name), {"flux": flux, "status": "active"}
    if found is None:
        server.ask("POST", "tasks", body={"orgID": org_id, **wish})
        return "created"
    if wish.items() <= found.items():
        return ""
    server.ask("PATCH", f"tasks/{found['id']}", body=wish)
    return "updated"


class _Server:
    """InfluxDB's management interface, as far as it is needed here."""

    def __init__(self, url: str, org: str, token: str, timeout_s: float) -> None:
        self._url, self._org = url.rstrip("/"), org
        self._pool = urllib3.PoolManager(
            headers={"Authorization": f"Token {token}"}, timeout=timeout_s, retries=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.clear()

    def org_id(self) -> str:
        """Raises ConfigError where the token may not even see its organisation, as one that only writes."""
        found = self.ask("GET", "orgs", {"org": self._org}).get("orgs") or []
        if not found:
            raise ConfigError(f"influx: the token may not see organisation {self._org}, only write perhaps")
        return str(found[0]["id"])

    def find(self, kind: str, name: str) -> Json | None:
        """The bucket or task of that name."""
        answer = self.ask("GET", kind, {"org": self._org, "name": name}, none_status=404)
        return next((one for one in answer.get(kind, []) if one["name"] == name), None)

    def ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None = None,
        body: Json | None = None,
        none_status: int = 0,
    ) -> Json:
        """The answer's JSON object, an empty one for `none_status`.

        Raises:
            ConfigError: no answer, or another one than wanted.
        """
        content = None if body is None else json.dumps(body).encode()
        url = f"{self._url}/api/v2/{path}" + (f"?{urlencode(query)}" if query else "")
        try:
            answer = self._pool.request(method, url, body=content, redirect=False)
        except urllib3.exceptions.HTTPError as error:
            raise ConfigError(f"influx: {self._url} gives no answer: {shorten(str(error))}") from error
        if answer.status == none_status:
            return {}
        if not 200 <= answer.status < 300:
            said = influx_words(answer.data)
            text = said.message if said else answer.data.decode(errors="replace")
            raise ConfigError(f"influx: {method} {path} is answered {answer.status}: {shorten(text)}")
        return dict(json.loads(answer.data)) if answer.data else {}
