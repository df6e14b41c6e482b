from __future__ import annotations

import itertools
import re
from dataclasses import replace

import pytest
from builders import START_NS

from agent.alert import Alert
from agent.fault_words import ACTIONS_ZH, FAULT_WORDS
from agent.faults import FAULTS
from agent.findings import Evidence
from agent.narrative import Facts, facts_of, summarize_chinese, summarize_english
from agent.narrative.facts import MOST_CHARS, fit, say_confidence, shorten
from agent.narrative.measures import say_row, say_row_zh, say_sensor

SCOPES = ("host", "rack", "row", "zone", "pdu", "collector", "stream", "fleet")
HOSTS = tuple(f"n{i:02d}" for i in range(1, 131))
FAN = Evidence("fan3_rpm", "fan_speed", "rpm", 0.0, 5040.0, "for")
WARM = Evidence("cpu1_temp_c", "temperature", "Cel", 66.0, 60.0, "for")
COOL = Evidence("cpu2_temp_c", "temperature", "Cel", 60.5, 60.0, "against")
GONE = Evidence("exhaust_temp_c", "temperature", "Cel", -1.0, 36.0, "for")
STRANGE = Evidence("some_vendor_thing", "other", "1", 0.25, -1.0, "for")
VIN = Evidence("psu2_vin", "voltage", "V", 229.0, 230.0, "against")
DEAD = Evidence("psu2_in_w", "power", "W", 0.0, 135.0, "for")
TWIN = Evidence("psu1_in_w", "power", "W", 250.0, 130.0, "for")
HOUR_NS = 3_600 * 1_000_000_000


def alert_of(fault: str, evidence: tuple[Evidence, ...] = (FAN, WARM, COOL), diagnosis: str = "") -> Alert:
    return Alert(
        host="n01", kind="condition", id="ab", state="open", fault=fault, also=[], severity="P2", score=0.6,
        confidence=0.85, diagnosis=diagnosis or "Fan 3 of n01 stopped (0 rpm; usual 5,040 rpm).",
        evidence=[*evidence], actions=[*FAULTS[fault].actions], onset_ns=START_NS, raised_ns=START_NS,
        rack="r3",
    )  # fmt: skip


def facts(fault: str = "fan_failure", scope: str = "host", hosts: tuple[str, ...] = ("n01",)) -> Facts:
    place = "n01" if scope == "host" else {"rack": "r3", "fleet": ""}.get(scope, f"{scope}-a")
    lead = alert_of(fault)
    return facts_of(fault, scope, place, "P2", hosts, lead, [lead], 0)


@pytest.mark.parametrize("scope", SCOPES)
def test_every_fault_at_every_place_is_short_and_says_what_since_when_how_sure_and_what_to_do(
    scope: str,
) -> None:
    for fault, count in itertools.product(FAULTS, (0, 1, 2, 130)):
        told = facts(fault, scope, HOSTS[:count])
        for known in (told, replace(told, ended_ns=START_NS + HOUR_NS), replace(told, confidence=-1.0)):
            english, chinese = summarize_english(known), summarize_chinese(known)
            for text in (english, chinese):
                assert len(text) <= MOST_CHARS
                assert "2026-01-01 00:00:00" in text
                assert not re.search(
                    r"None|nan|(?<![\w.])-1\b|\(\)|（）|\{|\b[01] hosts|  |\.\.|。。|\. \.", text
                )
                assert ("85 %" in text) is (known.confidence != -1)
                assert ("2026-01-01 01:00:00" in text) is bool(known.ended_ns)
            assert FAULT_WORDS[fault].name_zh in chinese
            assert english.endswith(".") and chinese.endswith("。")
            if not known.ended_ns:
                assert FAULTS[fault].actions[0] in english
                assert FAULT_WORDS[fault].actions_zh[0] in chinese
                assert FAULT_WORDS[fault].avoid_en in english
                assert FAULT_WORDS[fault].avoid_zh in chinese


def test_every_fault_has_as_many_actions_in_chinese_and_says_what_to_leave_alone() -> None:
    assert FAULT_WORDS.keys() == FAULTS.keys()
    for fault, words in FAULT_WORDS.items():
        assert len(words.actions_zh) == len(FAULTS[fault].actions), fault
        assert words.avoid_en.startswith("Do not "), fault
        assert "不要" in words.avoid_zh, fault
        assert not re.search(r"[一-鿿]", words.name_en + words.avoid_en), fault
        assert all(action in ACTIONS_ZH for action in FAULTS[fault].actions), fault


def test_an_english_summary_reads_like_a_note_to_whoever_is_on_call() -> None:
    assert summarize_english(facts()) == (
        "Fan failure on n01 (rack r3) since 2026-01-01 00:00:00 UTC; P2, very likely (85 %). Fan 3 of n01 "
        "stopped (0 rpm; usual 5,040 rpm). Also seen: CPU 1 temperature 66 °C (expected 60 °C). Against it: "
        "CPU 2 temperature 60.5 °C (expected 60 °C). Ruled out: stuck sensor (CPU 1 temperature 66 °C, "
        "expected 60 °C). First: Confirm with `ipmitool sdr type fan` and the event log. Do not open the lid "
        "or pull a second fan while the host runs: air would bypass the hot parts."
    )


def test_a_chinese_summary_tells_the_same_from_the_evidence() -> None:
    assert summarize_chinese(facts()) == (
        "n01（机柜 r3）自 2026-01-01 00:00:00（UTC）起出现风扇停转，级别 P2，很可能（85 %）。"
        "依据：风扇 3：0 rpm（正常值 5,040 rpm）；CPU 1 温度：66 °C（正常值 60 °C）。"
        "不支持的证据：CPU 2 温度：60.5 °C（正常值 60 °C）。"
        "已排除：传感器卡死（CPU 1 温度 66 °C，正常值 60 °C）。"
        "首先：用 `ipmitool sdr type fan` 和事件日志确认。"
        "运行中不要开盖，也不要再拔第二个风扇，否则气流会绕过发热部件。"
    )


@pytest.mark.parametrize(
    ("fault", "scope", "count", "english", "chinese"),
    [
        ("fan_failure", "host", 2, "Fan failure on n01, n02 (2 hosts) since", "n01、n02 共 2 台主机自"),
        ("fan_failure", "rack", 3, "Fan failure on 3 hosts of rack r3 (n01, n02, n03)", "机柜 r3 的 3 台"),
        ("feed_loss", "pdu", 9, "Feed loss, seen on 9 hosts fed by PDU pdu-a (n01", "PDU pdu-a 的 9 台主机"),
        ("recirculation", "row", 4, "Hot air recirculation, seen on 4 hosts in row", "机列 row-a 的 4 台"),
        (
            "cooling_unit_failure", "zone", 130,
            "Cooling unit failure, seen on 130 hosts in zone zone-a (n01, n02, n03, n04, n05, +125) since",
            "区域 zone-a 的 130 台主机（n01、n02、n03、n04、n05、+125）自",
        ),
        ("abnormal_load", "fleet", 7, "Abnormal load on 7 hosts across the fleet (n01", "全部机群中的 7 台"),
        ("host_silent", "host", 1, "No data from n01 (rack r3) since", "n01（机柜 r3）自"),
        ("stream_silent", "stream", 1, "No data from stream stream-a since", "数据流 stream-a 自"),
        ("collector_silent", "collector", 8, "Silent collector since", "采集源 collector-a 的 8 台主机"),
    ],
)  # fmt: skip
def test_each_place_is_named_as_people_name_it(
    fault: str, scope: str, count: int, english: str, chinese: str
) -> None:
    told = facts(fault, scope, HOSTS[:count])
    assert summarize_english(told).startswith(english)
    assert summarize_chinese(told).startswith(chinese)


def test_what_a_sentence_says_already_is_not_said_again() -> None:
    lead = alert_of("psu_failure", (DEAD, TWIN, VIN), "PSU2 of n01 delivers 0 W while PSU1 carries 250 W.")
    text = summarize_english(facts_of("psu_failure", "host", "n01", "P1", ["n01"], lead, [lead], 0))
    assert "Also seen" not in text and "Against it" not in text
    assert "Ruled out: feed loss (PSU 2 input voltage 229 V, expected 230 V)" in text
    shorter = replace(lead, diagnosis="PSU2 of n01 delivers 10 W while PSU1 carries 2,250 W.")
    text = summarize_english(facts_of("psu_failure", "host", "n01", "P1", ["n01"], shorter, [shorter], 0))
    assert "Also seen: PSU 2 input power 0 W (expected 135 W); PSU 1 input power 250 W" in text


def test_other_faults_of_the_incident_and_the_time_to_the_limit_are_told() -> None:
    lead, other = alert_of("fan_failure"), alert_of("sensor_dropout")
    lead.also = ["cpu_throttling"]
    told = facts_of(
        "fan_failure", "host", "n01", "P2", ["n01"], lead, [lead, other], 0, time_to_limit_s=720.0
    )
    text, chinese = summarize_english(told), summarize_chinese(told)
    assert "Along with it: CPU throttling, sensor dropout." in text and "About 12 min to its limit." in text
    assert "同时出现：CPU 降频、传感器无数据。" in chinese and "预计约 12 分钟后达到上限。" in chinese
    over = replace(told, ended_ns=START_NS + HOUR_NS)
    assert "to its limit" not in summarize_english(over) and "上限" not in summarize_chinese(over)


def test_the_fault_began_with_its_own_alert_and_not_with_another_of_its_incident() -> None:
    lead, before = alert_of("psu_failure"), alert_of("sensor_dropout")
    lead.onset_ns = START_NS + HOUR_NS
    told = facts_of("psu_failure", "host", "n01", "P1", ["n01"], lead, [lead, before], 0)
    assert "PSU failure on n01 (rack r3) since 2026-01-01 01:00:00 UTC" in summarize_english(told)


def test_a_long_story_loses_its_least_lines_first_and_never_what_to_do() -> None:
    told = replace(facts(), diagnosis="word " * 400)
    text = summarize_english(told)
    assert (
        len(text) <= MOST_CHARS and "First: Confirm" in text and "word…" in text and "Ruled out" not in text
    )
    assert fit([(0, "aaa"), (2, "bbb"), (1, "ccc"), (0, "")], " ", 8) == "aaa ccc"
    assert fit([(0, "aaaa"), (0, "bbbb")], " ", 3) == "aaaa bbbb"
    assert shorten("one two three", 9) == "one two…"


@pytest.mark.parametrize(
    ("confidence", "words"),
    [
        (0.97, "almost certain (97 %)"), (0.9, "almost certain (90 %)"), (0.8, "very likely (80 %)"),
        (0.6, "likely (60 %)"), (0.4, "possible (40 %)"),
        (0.1, "hardly more than a guess (10 %)"), (-1.0, ""),
    ],
)  # fmt: skip
def test_confidence_is_said_in_words_and_as_a_number(confidence: float, words: str) -> None:
    assert say_confidence(confidence) == words


def test_values_have_their_units_and_what_is_not_known_is_not_said() -> None:
    assert say_row(FAN) == "fan 3 0 rpm (expected 5,040 rpm)"
    assert say_row(GONE) == "exhaust temperature missing (expected 36 °C)"
    assert say_row(STRANGE) == "some_vendor_thing 0.25"
    assert say_row_zh(GONE) == "出风温度：无数据（正常值 36 °C）"
    share = Evidence("airflow_per_fan_speed", "other", "1", 0.52, 1.0, "for")
    assert say_row(share) == "air flow per fan speed 52 % (expected 100 %)"
    assert say_sensor("inlet_temp_c of r4-n01") == "inlet temperature of r4-n01"
    assert say_row_zh(replace(GONE, sensor="inlet_temp_c of r4-n01", seen=30.5)) == (
        "r4-n01 的进风温度：30.5 °C（正常值 36 °C）"
    )
    assert [say_sensor(name) for name in ("input_v", "input2_v", "psu1_vin", "dimm_a1_temp_c")] == [
        "input voltage", "input 2 voltage", "PSU 1 input voltage", "DIMM A1 temperature",
    ]  # fmt: skip
