"""The bucket's tasks, installed in a real InfluxDB and run there."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from influxdb_client import InfluxDBClient

from agent.errors import ConfigError
from agent.points import Point
from agent.sink.buckets import find_missing_tasks, make_tasks, prepare_bucket
from agent.sink.influx import InfluxSink
from deploy.local.influx_server import InfluxServer, ask
from deploy.local.processes import wait_until

DAY_S = 86_400
HOUR_S = 3_600


@pytest.fixture
def bucket(unique_name: Callable[[], str]) -> str:
    """A name that would end a Flux text, and one that would be filled in; the bucket is not there yet."""
    return unique_name() + " ${x}\\"


def prepare(influx: InfluxServer, bucket: str) -> list[str]:
    return prepare_bucket(influx.url, influx.org, bucket, influx.token)


def find(influx: InfluxServer, kind: str, **wanted: str) -> list[dict[str, str]]:
    _, answer = ask(f"{influx.url}/api/v2/{kind}?limit=100", token=influx.token)
    return [one for one in answer[kind] if wanted.items() <= one.items()]


def task_run_says(influx: InfluxServer, name: str, expected: str) -> bool:
    """Run a task now and wait for what its run is to say: its status, or a line of its log."""
    (task,) = find(influx, "tasks", name=name)
    runs = f"{influx.url}/api/v2/tasks/{task['id']}/runs"
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    _, run = ask(runs, {"scheduledFor": now}, token=influx.token)
    return wait_until(lambda: expected in str(ask(f"{runs}/{run['id']}", token=influx.token)), 30.0)


def rows(influx: InfluxServer, bucket: str) -> list[tuple[str, str, str, float, int]]:
    escaped = bucket.replace("\\", "\\\\").replace("${", "\\${")
    with InfluxDBClient(influx.url, influx.token, org=influx.org) as client:
        tables = client.query_api().query(f'from(bucket: "{escaped}") |> range(start: 0) |> group()')
    return sorted(
        (r.get_measurement(), r["host"], r.get_field(), r.get_value(), round(r.get_time().timestamp()))
        for table in tables
        for r in table.records
    )


def test_a_bucket_is_made_with_its_tasks_once(influx: InfluxServer, bucket: str) -> None:
    hourly, forget = f"{bucket}: hourly", f"{bucket}: forget"
    assert find_missing_tasks(influx.url, influx.org, bucket, influx.token) == [hourly, forget]
    assert prepare(influx, bucket) == [
        f"bucket {bucket} created",
        f"token that deletes old points of {bucket} created",
        f"task {hourly} created",
        f"task {forget} created",
    ]
    assert prepare(influx, bucket) == []
    assert find_missing_tasks(influx.url, influx.org, bucket, influx.token) == []
    (made,) = find(influx, "buckets", name=bucket)
    assert [rule["everySeconds"] for rule in made["retentionRules"]] == [0]  # without end


def test_a_task_that_was_changed_or_switched_off_is_put_right(influx: InfluxServer, bucket: str) -> None:
    prepare(influx, bucket)
    (task,) = find(influx, "tasks", name=f"{bucket}: hourly")
    with InfluxDBClient(influx.url, influx.token, org=influx.org) as client:
        api = client.tasks_api()
        api.update_task_request(task["id"], {"status": "inactive"})
    assert find_missing_tasks(influx.url, influx.org, bucket, influx.token) == [f"{bucket}: hourly"]
    assert prepare(influx, bucket) == [f"task {bucket}: hourly updated"]
    assert prepare(influx, bucket) == []


def test_the_token_that_deletes_is_made_again_when_it_is_gone(influx: InfluxServer, bucket: str) -> None:
    prepare(influx, bucket)
    description = f"coldaisle: deletes old points of {bucket}"
    (token,) = find(influx, "authorizations", description=description)
    assert [p["action"] for p in token["permissions"]] == ["write"]
    with InfluxDBClient(influx.url, influx.token, org=influx.org) as client:
        client.authorizations_api().delete_authorization(token["id"])
    assert prepare(influx, bucket) == [f"token that deletes old points of {bucket} created"]
    assert task_run_says(influx, f"{bucket}: forget", "'status': 'success'")


def test_old_scores_and_readings_are_forgotten_and_alerts_are_kept(influx: InfluxServer, bucket: str) -> None:
    prepare(influx, bucket)
    now_s = int(time.time())
    ages_days = (0, 29, 31, 89, 91, 364, 366)
    kinds = ("anomaly_score", "anomaly_score_hourly", "reading", "alert", "incident")
    sink = InfluxSink(influx.url, influx.org, bucket, lambda: influx.token)
    sink.write(
        [
            Point(kind, {"host": f"{days}d"}, {"score": 1.0}, (now_s - days * DAY_S) * 10**9)
            for kind in kinds
            for days in ages_days
        ]
    )
    assert len(rows(influx, bucket)) == 35
    assert task_run_says(influx, f"{bucket}: forget", "'status': 'success'")
    left: dict[str, set[str]] = {kind: set() for kind in kinds}
    for measurement, host, *_ in rows(influx, bucket):
        left[measurement].add(host)
    everything = {f"{days}d" for days in ages_days}
    assert left == {
        "anomaly_score": {"0d", "29d"},
        "reading": {"0d", "29d", "31d", "89d"},
        "anomaly_score_hourly": everything - {"366d"},
        "alert": everything,
        "incident": everything,
    }


def test_the_highest_score_of_each_closed_hour_is_kept(influx: InfluxServer, bucket: str) -> None:
    prepare(influx, bucket)
    hour_s = int(time.time()) // HOUR_S * HOUR_S
    scores = [(-2, 5, 0.1), (-2, 20, 0.7), (-2, 59, 0.3), (-1, 0, 0.2), (0, 0, 0.9), (-7, 30, 0.8)]
    sink = InfluxSink(influx.url, influx.org, bucket, lambda: influx.token)
    sink.write(
        [
            Point(
                "anomaly_score",
                {"host": "n1"},
                {"score": score, "threshold": 0.5, "linear": score},
                (hour_s + hours * HOUR_S + minutes * 60) * 10**9,
            )
            for hours, minutes, score in scores
        ]
    )
    assert task_run_says(influx, f"{bucket}: hourly", "'status': 'success'")
    assert task_run_says(influx, f"{bucket}: hourly", "'status': 'success'")
    assert [row for row in rows(influx, bucket) if row[0] == "anomaly_score_hourly"] == [
        ("anomaly_score_hourly", "n1", "score", 0.2, hour_s - HOUR_S),
        ("anomaly_score_hourly", "n1", "score", 0.7, hour_s - 2 * HOUR_S),
        ("anomaly_score_hourly", "n1", "threshold", 0.5, hour_s - 2 * HOUR_S),
        ("anomaly_score_hourly", "n1", "threshold", 0.5, hour_s - HOUR_S),
    ]


def test_a_deletion_that_is_refused_fails_its_run_and_says_why(influx: InfluxServer, bucket: str) -> None:
    prepare_bucket(influx.url, influx.org, bucket, influx.token, own_url=f"{influx.url}/elsewhere")
    assert task_run_says(influx, f"{bucket}: forget", "anomaly_score: 404")


def test_a_token_that_may_only_write_is_told_so(influx: InfluxServer, bucket: str) -> None:
    prepare(influx, bucket)
    (writer,) = find(influx, "authorizations", description=f"coldaisle: deletes old points of {bucket}")
    for use in (prepare_bucket, find_missing_tasks):
        with pytest.raises(ConfigError, match="may not see organisation"):
            use(influx.url, influx.org, bucket + "2", writer["token"])


def test_any_name_stays_inside_its_flux_text() -> None:
    flux = make_tasks('a"b', "o", "http://x/", "s")['a"b: forget']
    assert '"bucket": ["a\\"b"]' in flux
    assert 'url: "http://x/api/v2/delete"' in flux
