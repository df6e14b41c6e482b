"""A made-up site for tests of what people read: smooth sensors, a few faults, the contract's points."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from agent.points import Point

SECOND_NS = 1_000_000_000
START_NS = 1_767_513_600 * SECOND_NS  # 2026-01-04 08:00:00 UTC
STEP_S = 10


def rfc3339(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / SECOND_NS, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def at(minutes: float) -> int:
    """Nanoseconds UTC of a minute of the day."""
    return START_NS + round(minutes * 60) * SECOND_NS


def score_point(host: str, time_ns: int, score: float, **fields: float | str) -> Point:
    known: dict[str, float | str] = {
        "score": score,
        "threshold": 0.5,
        "lstm_ae": score * 0.9,
        "gan": score * 0.7,
        "linear": score * 0.8,
        "top_sensor": "",
        "top_sensor_share": 0.0,
        "missing_share": 0.0,
        "cohort": "3f9a12bc",
        "rack": "R07",
        "model": "20260101-1",
    }
    return Point("anomaly_score", {"host": host}, {**known, **fields}, time_ns)


def alert_point(host: str, onset_ns: int, **fields: float | str) -> Point:
    known: dict[str, float | str] = {
        "id": f"a-{host}-{onset_ns // SECOND_NS}",
        "state": "resolved",
        "fault": "fan_failure",
        "also": "",
        "severity": "P2",
        "score": 0.91,
        "confidence": 0.93,
        "diagnosis": "fan3 stands still: 0 rpm, 5,040 expected.",
        "evidence": json.dumps(
            [
                {
                    "sensor": "fan3_rpm",
                    "quantity": "fan_speed",
                    "unit": "rpm",
                    "seen": 0.0,
                    "expected": 5040.0,
                    "says": "for",
                }
            ]
        ),
        "actions": "Check fan 3 and its connector.\nSwap the fan; it is hot-pluggable.",
        "onset": rfc3339(onset_ns),
        "raised": rfc3339(onset_ns + 20 * SECOND_NS),
        "ended": "",
        "data": "live",
        "rack": "R07",
        "model": "20260101-1",
        "incident": "",
    }
    return Point(
        "alert", {"host": host, "kind": str(fields.pop("kind", "condition"))}, {**known, **fields}, onset_ns
    )


def incident_point(anchor: str, onset_ns: int, **fields: float | str) -> Point:
    known: dict[str, float | str] = {
        "id": f"i-{anchor}",
        "state": "resolved",
        "scope": "host",
        "place": anchor,
        "fault": "fan_failure",
        "severity": "P2",
        "hosts": 1.0,
        "host_list": anchor,
        "root_cause_confidence": 0.93,
        "ruled_out": "",
        "time_to_limit_s": -1.0,
        "energy_kwh": -1.0,
        "summary_en": "",
        "summary_zh": "",
        "raised": rfc3339(onset_ns + 20 * SECOND_NS),
        "ended": "",
    }
    return Point("incident", {"anchor": anchor}, {**known, **fields}, onset_ns)


def _bump(minutes: np.ndarray, start: float, end: float, rise_min: float) -> np.ndarray:
    """0 … 1: rises from `start`, falls from `end`, with a first-order time constant."""
    rising = 1 - np.exp(-np.clip(minutes - start, 0, None) / rise_min)
    falling = 1 - np.exp(-np.clip(minutes - end, 0, None) / rise_min)
    return rising - falling


def host_points(
    host: str,
    seed: int,
    faults: Sequence[tuple[str, float, float]],
    hours: float = 6,
    rack: str = "R07",
    sessions: Sequence[float] = (0.0,),
) -> list[Point]:
    """Scores and some 18 sensors every 10 s; `faults` are (fan | inlet | psu, start, end) in minutes."""
    rng = np.random.default_rng(seed)
    minutes = np.concatenate([s + np.arange(0, hours * 60, STEP_S / 60) for s in sessions])
    n = len(minutes)
    load = (
        0.45
        + 0.2 * np.sin(minutes / 55 + seed)
        + 0.08 * np.sin(minutes / 7 + 2 * seed)
        + rng.normal(0, 0.02, n)
    )
    hot, fan, psu = np.zeros(n), np.zeros(n), np.zeros(n)
    for name, start, end in faults:
        hot += _bump(minutes, start, end, 8) * (name == "inlet")
        fan += _bump(minutes, start, end, 0.2) * (name == "fan")
        psu += _bump(minutes, start, end, 0.2) * (name == "psu")
    inlet = 22.5 + np.sin(minutes / 90) * 0.4 + 9 * hot
    rpm = 4200 + 1500 * load + 260 * hot * 9 + 900 * fan
    power = 210 + 320 * load + 25 * hot
    columns: dict[str, np.ndarray] = {
        "inlet_temp_c": np.round(inlet + rng.normal(0, 0.15, n)),
        "exhaust_temp_c": np.round(inlet + 13 + 3 * load + 4 * fan + rng.normal(0, 0.2, n)),
        "cpu_util": np.round(np.clip(load, 0, 1), 3),
        "power_w": np.round(power + rng.normal(0, 3, n)),
        "psu1_in_w": np.round(power / 2 * (1 + psu)),
        "psu2_in_w": np.round(power / 2 * (1 - psu)),
        "psu1_vin": np.round(230 + rng.normal(0, 0.6, n), 1),
        "psu2_vin": np.round((230 + rng.normal(0, 0.6, n)) * (1 - psu), 1),
        "dimm_temp_c": np.round(inlet + 14 + 4 * load),
        "vrm_temp_c": np.round(inlet + 22 + 12 * load),
    }
    for cpu in range(2):
        columns[f"cpu{cpu}_temp_c"] = np.round(inlet + 18 + 34 * load + 7 * fan + rng.normal(0, 0.5, n))
    for number in range(1, 7):
        speed = rpm + 30 * number + rng.normal(0, 25, n)
        columns[f"fan{number}_rpm"] = np.round(np.where(number == 3, speed * (1 - fan), speed) / 60) * 60
    unusual = np.maximum.reduce([hot, fan, psu])
    score = np.clip(0.06 + 0.03 * rng.standard_normal(n) ** 2 * 0.6 + 0.8 * unusual, 0, 1)
    top = {"fan": "fan3_rpm", "inlet": "inlet_temp_c", "psu": "psu2_in_w"}
    points = []
    for row in range(n):
        time_ns = START_NS + round(minutes[row] * 60) * SECOND_NS
        named = next((top[f] for f, s, e in faults if s <= minutes[row] <= e), "cpu0_temp_c")
        points.append(score_point(host, time_ns, float(score[row]), top_sensor=named, rack=rack))
        slow = {"dimm_temp_c", "vrm_temp_c"} if row % 6 else set()
        fields = {name: float(column[row]) for name, column in columns.items() if name not in slow}
        points.append(Point("reading", {"host": host}, fields, time_ns))
    return points


def evidence(*rows: tuple[str, str, str, float, float, str]) -> str:
    keys = ("sensor", "quantity", "unit", "seen", "expected", "says")
    return json.dumps([dict(zip(keys, row, strict=True)) for row in rows])


def site_points(hours: float = 6) -> list[Point]:
    """Ten hosts: a fan failure, a hot rack of three, a PSU lost on the next run, six quiet hosts."""
    points: list[Point] = []
    points += host_points("r07-n03", 1, [("fan", 130, 170)], hours)
    for number in (1, 2, 4):
        points += host_points(f"r09-n0{number}", 10 + number, [("inlet", 200, 260)], hours, "R09")
    points += host_points("r02-n11", 5, [("psu", 16 * 1440 + 100, 1e9)], hours, "R02", (0.0, 16 * 1440.0))
    for number in range(1, 6):
        points += host_points(f"r01-n{number:02}", 20 + number, [], hours, "R01")
    points += _episodes()
    return points


def _episodes() -> list[Point]:
    fan, psu = at(130), at(16 * 1440 + 100)
    points = [
        alert_point(
            "r07-n03",
            fan,
            incident="i-r07-n03",
            ended=rfc3339(at(181)),
            also="airflow_blockage",
            severity="P1",
            diagnosis="Fan 3 stands still (0 rpm where 5,040 rpm are expected) while the other five run "
            "900 rpm faster; both CPUs are 7 °C warmer than their load explains.",
            evidence=evidence(
                ("fan3_rpm", "fan_speed", "rpm", 0.0, 5040.0, "for"),
                ("cpu0_temp_c", "temperature", "Cel", 61.0, 54.2, "for"),
                ("fan2_rpm", "fan_speed", "rpm", 5940.0, 5010.0, "for"),
                ("inlet_temp_c", "temperature", "Cel", 22.0, 22.4, "against"),
            ),
            actions="Look at fan 3: a cable, a foreign body, a dead motor.\n"
            "Swap the fan module; it is hot-pluggable.\n"
            "If no spare is at hand, move load off the host until one is.",
        ),
        incident_point(
            "r07-n03",
            fan,
            severity="P1",
            ended=rfc3339(at(181)),
            time_to_limit_s=2700.0,
            energy_kwh=0.03,
            ruled_out="recirculation (the inlet is as cold as its neighbours')",
            summary_en="Fan 3 of r07-n03 (rack R07) stopped at 10:10 UTC. The other fans made up for most "
            "of it; CPU temperatures rose by 7 °C and stayed below their limit.",
            summary_zh="机柜 R07 的服务器 r07-n03 的 3 号风扇于 10:10（UTC）停转。"
            "其余风扇提速补偿，CPU 温度上升约 7 °C，未超过限值。",
        ),
        incident_point(
            "r09-n01",
            at(203),
            scope="rack",
            place="R09",
            fault="recirculation",
            severity="P2",
            hosts=3.0,
            host_list="r09-n01,r09-n02,r09-n04",
            ended=rfc3339(at(272)),
            root_cause_confidence=0.81,
            raised=rfc3339(at(203.5)),
            summary_en="Three hosts of rack R09 draw air 9 °C warmer than usual; racks beside it do not.",
            summary_zh="机柜 R09 的三台服务器进风温度比平时高 9 °C，相邻机柜正常。",
        ),
        alert_point(
            "r02-n11",
            psu,
            incident="i-r02-n11",
            fault="psu_failure",
            severity="P2",
            state="open",
            diagnosis="PSU 2 delivers nothing and has no input voltage; PSU 1 carries the whole load.",
            evidence=evidence(
                ("psu2_in_w", "power", "W", 0.0, 182.0, "for"),
                ("psu2_vin", "voltage", "V", 0.0, 230.0, "for"),
                ("psu1_in_w", "power", "W", 371.0, 184.0, "for"),
            ),
            actions="Check feed B at the rack PDU: outlet, breaker, cord.\nIf the feed is live, swap PSU 2.",
        ),
        incident_point("r02-n11", psu, fault="psu_failure", state="open", root_cause_confidence=0.97),
        alert_point(
            "r02-n11",
            at(250),
            kind="sensor",
            fault="sensor_spike",
            severity="P3",
            confidence=0.6,
            ended=rfc3339(at(261)),
            diagnosis="psu1_vin jumped once by 40 V and back within one tick.",
            evidence="[]",
            actions="Nothing now; note it if it comes back.",
        ),
    ]
    for number in (1, 2, 4):
        onset = at(202 + number)
        points.append(
            alert_point(
                f"r09-n0{number}",
                onset,
                incident="i-r09-n01",
                fault="recirculation",
                rack="R09",
                confidence=0.8,
                ended=rfc3339(at(271)),
                raised=rfc3339(onset + 30 * SECOND_NS),
                diagnosis="Inlet air is 9 °C warmer than usual; load and fans explain none of it.",
                evidence=evidence(
                    ("inlet_temp_c", "temperature", "Cel", 31.0, 22.5, "for"),
                    ("exhaust_temp_c", "temperature", "Cel", 46.0, 37.1, "for"),
                    ("power_w", "power", "W", 372.0, 361.0, "against"),
                ),
                actions="Look for missing blanking panels and open cable cut-outs in rack R09.\n"
                "Check the perforated tiles before it.\nCompare with the cooling unit's supply temperature.",
            )
        )
    return points
