"""Every answer quotes what stands in the points, or says that they do not say."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from cases import ACTIONS, MINUTE_NS, START_NS, alert, case, incident_of

from agent.ask.answers import answer
from agent.ask.evidence import Case, case_of
from agent.ask.question import understand
from agent.ask.vocabulary import Topic
from agent.incident_file import Reading
from agent.narrative.ranking import TRUST
from agent.notes import Note


def ask(text: str, of: Case | None = None, chinese: bool = False) -> str:
    of = of or case()
    return answer(of, understand(text, of.incident.fault, of.sensors), chinese).text


def knows(text: str, of: Case | None = None) -> bool:
    of = of or case()
    return answer(of, understand(text, of.incident.fault, of.sensors), False).known


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("why not the feed?", "Not feed loss: PSU 2 input voltage 229 V, expected 230 V."),
        ("could it be recirculation?", "Nothing shows hot air recirculation: its sensors read as expected: "
         "inlet temperature 24.2 °C (expected 24 °C)."),
        ("why not a fan?",
        "No rule named fan failure, and the evidence does not rule it out. Of that part it has: "
         "fan 1 7,100 rpm (expected 5,000 rpm)."),
        ("why not the gpu?",
        "The evidence does not say: it has no sensor that would show GPU overheating, and no "
         "rule named it."),
        ("is it a sensor dropout?",
        "That is there as well: sensor dropout on r1-n03 since 2026-01-01 00:02:00 UTC. "
         "exhaust_temp_c of r1-n03 sent nothing for 10 min while the host goes on reporting."),
        ("is it cpu throttling?", "It may well come too: CPU throttling follows from this fault."),
        ("since when",
        "Since 2026-01-01 00:00:00 UTC; it was raised at 2026-01-01 00:00:20 UTC, 20 s later. It has "
         "not ended."),
        ("how sure",
        "PSU failure: almost certain (95 %). 2 observations for it, 2 against it, 2 other causes ruled "
         "out."),
        ("how urgent is it", "P1: page somebody now."),
        ("what else is affected",
        "1 host: r1-n03. Also sensor dropout on r1-n03 since 2026-01-01 00:02:00 UTC. It "
         "may bring CPU throttling."),
        ("what first",
        f"1. {ACTIONS[0]}. 2. Swap it. Do not touch the working supply, its cord or its feed: the "
         "host hangs on it."),
        ("what not to touch", "Do not touch the working supply, its cord or its feed: the host hangs on it."),
        ("what was ruled out",
        "Ruled out: feed loss (PSU 2 input voltage 229 V, expected 230 V); stuck sensor (PSU 1 "
         "input power 250 W, expected 130 W)."),
        ("is it over?", "No, it is open."),
        ("how long until the limit", "The evidence does not say how long until a limit is met."),
        ("who acknowledged", "Nobody has acknowledged it."),
        ("what did psu2_in_w read",
        "In the evidence: PSU 2 input power 0 W (expected 135 W) on r1-n03 (psu2_in_w)."),
        ("what did exhaust_temp_c read",
        "In the evidence: exhaust temperature missing (expected 36 °C) on r1-n03 "
         "(exhaust_temp_c)."),
    ],
)  # fmt: skip
def test_each_question_has_its_answer(question: str, said: str) -> None:
    assert ask(question) == said


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("为什么不是供电支路", "不是供电支路中断：电源 2 输入电压 229 V，正常值 230 V。"),
        ("为什么不是显卡", "证据没有说明：其中没有能反映GPU 过热的传感器，也没有规则判定为该故障。"),
        (
            "什么时候开始的",
            "自 2026-01-01 00:00:00（UTC）起；于 2026-01-01 00:00:20（UTC）发出告警，相隔 20 秒。尚未结束。",
        ),
        ("有多大把握", "电源故障：几乎确定（95 %）。支持的观测 2 条，不支持的 2 条，已排除其他原因 2 个。"),
        ("不要动什么", "不要触碰正常的电源、电源线及其支路，主机正靠它供电。"),
        ("结束了吗", "否，未结束。"),
        ("谁确认了", "还没有人确认。"),
        ("psu2_in_w 读数", "证据中：r1-n03 电源 2 输入功率：0 W（正常值 135 W）（psu2_in_w）。"),
    ],
)
def test_each_question_has_its_answer_in_chinese(question: str, said: str) -> None:
    assert ask(question, chinese=True) == said


def test_what_is_not_understood_is_answered_by_what_can_be_asked() -> None:
    assert ask("tell me a joke").startswith(
        "The evidence does not say. What can be asked: what happened, why,"
    )
    assert ask("讲个笑话", chinese=True).startswith("证据没有说明。可以问：发生了什么")
    assert not knows("tell me a joke") and not knows("why not the gpu?") and knows("why")


def test_an_end_is_told_with_how_long_it_took() -> None:
    over = case(ended=True)
    assert ask("is it over", over) == "Yes, it ended at 2026-01-01 01:02:00 UTC."
    assert ask("since when", over).endswith("It ended at 2026-01-01 01:02:00 UTC after 1 h 02 min.")
    assert ask("多久了", over, chinese=True).endswith("历时 1 小时 2 分钟。")


def test_data_that_has_stopped_makes_the_state_the_last_known_one() -> None:
    stale = alert()
    stale.data = "stale"
    assert ask("is it over", case_of(incident_of(stale))) == (
        "No, it is open. Data of it has stopped, so this is its last known state."
    )


def test_who_acknowledged_is_told_with_when_and_what_was_noted() -> None:
    notes = [Note("r1-n03", "ack", START_NS + minute * MINUTE_NS, "x", by=by, text=text)
             for minute, by, text in ((9, "kim", "on my way"), (5, "li", ""))]  # fmt: skip
    assert ask("who acked", case(*notes)) == (
        "Acknowledged by li at 2026-01-01 00:05:00 UTC; kim at 2026-01-01 00:09:00 UTC. Noted: on my way."
    )
    assert ask("谁确认了", case(notes[0]), chinese=True) == (
        "kim 于 2026-01-01 00:09:00（UTC）确认。备注：on my way。"
    )


def test_a_sensors_past_is_told_where_it_is_at_hand() -> None:
    def past(host: str, sensor: str, since_ns: int, until_ns: int) -> list[Reading]:
        assert (host, since_ns) == ("r1-n03", START_NS - 10 * MINUTE_NS) and until_ns > START_NS
        return (
            [(START_NS - MINUTE_NS, 135.0), (START_NS, 0.0), (START_NS + MINUTE_NS, 2.0)]
            if "w" in sensor
            else []
        )

    of = case(history=past)
    assert ask("what did power_w read", of) == (
        "host power of r1-n03 read 135 W at 2025-12-31 23:59:00 UTC, between 0 and 135 W since, and 2 W at "
        "2026-01-01 00:01:00 UTC (3 readings)."
    )
    assert ask("psu2_in_w reading", of).startswith("In the evidence: PSU 2 input power 0 W (expected 135 W)")
    assert ask("what did some_temp_c read", of) == (
        "The evidence does not say what some_temp_c read. It has: psu2_in_w, psu1_in_w, psu2_vin, "
        "inlet_temp_c, "
        "fan1_rpm, exhaust_temp_c."
    )


def test_confirmed_actions_come_first() -> None:
    confirmed = {("psu_failure", "Swap it"): int(2 * TRUST)}
    assert ask("what first", case(confirmed=confirmed)).startswith("1. Swap it. 2. Check the supply's input")
    assert "First: Swap it." in ask("what happened", case(confirmed=confirmed))


def test_the_time_to_a_limit_is_told_where_the_incident_has_it() -> None:
    near = case_of(replace(incident_of(alert()), time_to_limit_s=540.0))
    assert ask("how long until the limit", near) == "About 9 min to its limit."
    assert ask("还有多久到上限", near, chinese=True) == "预计约 9 分钟后达到上限。"


def test_an_incident_without_alerts_is_told_by_what_its_own_point_says() -> None:
    bare = case_of(replace(incident_of(alert()), alerts=(), summary_en="A storm.", summary_zh="告警风暴。"))
    assert (ask("what happened", bare), ask("怎么了", bare, chinese=True)) == ("A storm.", "告警风暴。")
    assert ask("how sure", bare).startswith("PSU failure: almost certain (95 %). 0 observations for it")
    assert (
        ask("how urgent", bare) == "P1: page somebody now." and ask("is it over", bare) == "No, it is open."
    )
    assert ask("what else is affected", bare) == "1 host: r1-n03. Nothing else belongs to this incident."
    assert not knows("what did psu2_in_w read", bare) and not knows("why not the gpu?", bare)
    assert not knows("why", bare)


def test_no_answer_has_a_number_that_stands_for_nothing() -> None:
    bare = alert()
    bare.confidence, bare.evidence, bare.actions, bare.diagnosis = -1.0, [], [], ""
    for of in (case(), case_of(incident_of(bare))):
        for topic in Topic:
            for chinese in (False, True):
                told = answer(of, replace(understand("", "x", ()), topic=topic), chinese)
                assert not any(word in told.text for word in ("None", "nan", "-1", "[]", "()"))
                assert all(row in [r for a in of.alerts for r in a.evidence] for row in told.rows)
                assert told.text or topic is Topic.WHY_NOT, json.dumps([topic, chinese])
