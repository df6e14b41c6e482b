"""What is asked is understood by the words of the question, in English and Chinese."""

from __future__ import annotations

import pytest

from agent.ask.question import understand
from agent.ask.vocabulary import CLASSES, Topic
from agent.faults import FAULTS

SENSORS = ("fan3_rpm", "cpu1_temp_c", "psu2_in_w")

ASKED: dict[Topic, tuple[str, ...]] = {
    Topic.WHAT: ("What happened?", "summarize", "what's wrong", "What is going on?", "怎么了", "发生了什么"),
    Topic.WHY: ("Why?", "why is it a fan failure", "what is the evidence", "how do you know?", "为什么",
    "依据是什么"),
    Topic.WHY_NOT: (
        "why not the psu?", "Why isn’t it the power supply?", "could it be a sensor problem",
        "is the psu ok?",
        "why not psu_failure", "Could the room cooling be the cause?", "is it a lost feed?",
        "was the PSU ruled out?",
        "为什么不是电源", "会不会是传感器的问题",
    ),
    Topic.SINCE: ("since when", "When did it start?", "how long has this been going on", "何时开始的",
    "多久了"),
    Topic.SURE: ("how sure are you", "is this a false alarm?", "confidence?", "有多大把握", "会误报吗"),
    Topic.URGENT: ("how bad is it", "severity?", "严重吗"),
    Topic.AFFECTED: ("what else was affected", "which hosts?", "how many servers", "影响了哪些主机"),
    Topic.FIRST: ("what should I do first", "next steps", "how do I fix it", "先做什么", "怎么处理"),
    Topic.AVOID: ("what should i not touch", "is it safe to pull the fan?", "what to avoid", "不要动什么"),
    Topic.SENSOR: ("what did fan3_rpm read", "What did fan 3 read?", "CPU 1 temperature?",
    "风扇 3 读数是多少",
                   "did power_w change", "what did psu 2 input power show"),
    Topic.RULED_OUT: ("what was ruled out", "排除了什么"),
    Topic.OVER: ("is it over?", "Is it still open?", "has it ended", "结束了吗", "恢复了没有"),
    Topic.LIMIT: ("how long until the limit?", "how much time is left", "time to limit", "还有多久到上限"),
    Topic.ACKNOWLEDGED: ("who acknowledged it", "is anyone working on this", "谁确认了", "有人在处理吗"),
}  # fmt: skip


@pytest.mark.parametrize(
    ("topic", "text"), [(topic, text) for topic, texts in ASKED.items() for text in texts]
)
def test_a_question_is_understood_by_its_words(topic: Topic, text: str) -> None:
    assert understand(text, "fan_failure", SENSORS).topic is topic


def test_every_topic_can_be_asked_and_every_fault_can_be_named() -> None:
    assert set(ASKED) == set(Topic)
    assert {fault for faults, _ in CLASSES for fault in faults} == FAULTS.keys() - {"unknown"}
    for fault in FAULTS:
        assert fault == "unknown" or fault in understand(f"why not {fault}?", "x", ()).faults


@pytest.mark.parametrize("text", ["tell me a joke", "what is the weather", "", "???", "讲个笑话"])
def test_what_is_not_understood_is_not_guessed(text: str) -> None:
    assert understand(text, "fan_failure", SENSORS).topic is None


def test_parts_mean_classes_and_only_whole_words_count() -> None:
    assert understand("why not the PSU", "fan_failure", ()).faults[0] == "psu_failure"
    assert understand("为什么不是内存", "fan_failure", ()).faults == ("dimm_overheating",)
    assert understand("why not the upside", "fan_failure", ()).faults == ()
    assert understand("why not airflow blockage", "x", ()).faults == ("airflow_blockage",)


def test_sensors_are_known_by_name_and_in_words_of_both_languages() -> None:
    for text in ("what did fan3_rpm read", "what did fan 3 read", "fan3 reading", "风扇3的读数"):
        assert understand(text, "x", SENSORS).sensors == ("fan3_rpm",), text
    assert understand("what did fan 33 read", "x", SENSORS).sensors == ()
    assert understand("what did some_vendor_temp read", "x", SENSORS).sensors == ("some_vendor_temp",)
