"""Answers from the evidence alone: each quotes what stands in the incident's points, or says that none does.

question ─understand─► topic ─► one function a topic ─► Said (English, Chinese, rows quoted)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agent.ask.evidence import Case
from agent.ask.question import Question
from agent.ask.sensor_answers import say_sensors
from agent.ask.vocabulary import Topic
from agent.ask.why_not import Said, why_not
from agent.fault_words import words_of
from agent.narrative import Facts, summarize_chinese, summarize_english
from agent.narrative.chinese import say_action_zh, say_limit_zh, say_ruled_zh, say_span_zh
from agent.narrative.english import say_limit, say_name, say_ruled
from agent.narrative.facts import CONFIDENCE_WORDS, as_sentence, list_names
from agent.narrative.measures import Observed, is_known, say_row, say_row_zh
from agent.narrative.ranking import rank_actions
from agent.report.words import say_span, say_time

MOST_ROWS = 5
CAN_ANSWER = (
    "what happened, why, why not another fault or part, since when, how sure, how urgent, what else is "
    "affected, what to do first, what not to touch, what a sensor read, what was ruled out, whether it is "
    "over, how long until the limit, who acknowledged"
)
CAN_ANSWER_ZH = (
    "发生了什么、为什么、为什么不是其他故障或部件、从何时开始、有多大把握、有多紧急、还影响了什么、先做什么、不要动什么、"
    "某个传感器的读数、排除了什么、是否结束、还有多久到上限、谁确认了"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in one language, with the rows of evidence that it quotes."""

    text: str
    topic: Topic | None
    known: bool
    rows: tuple[Observed, ...]


def answer(case: Case, question: Question, chinese: bool) -> Answer:
    """The answer to a question; `known` is False where the evidence does not say."""
    if question.topic is None:
        said = Said(
            f"The evidence does not say. What can be asked: {CAN_ANSWER}.",
            f"证据没有说明。可以问：{CAN_ANSWER_ZH}。",
            known=False,
        )
    elif question.topic is Topic.WHY_NOT:
        said = why_not(case, question.faults)
    elif question.topic is Topic.SENSOR:
        said = say_sensors(case, question.sensors)
    else:
        said = _TOPICS[question.topic](case, case.facts)
    return Answer(said.chinese if chinese else said.english, question.topic, said.known, said.rows)


def _what(case: Case, facts: Facts) -> Said:
    english, chinese = summarize_english(facts, case.confirmed), summarize_chinese(facts, case.confirmed)
    if not case.alerts:  # of a storm, whose own words say more than its alerts would
        english, chinese = case.incident.summary_en or english, case.incident.summary_zh or chinese
    return Said(english, chinese, facts.speaks_for[:MOST_ROWS])


def _why(_case: Case, facts: Facts) -> Said:
    if not facts.diagnosis and not facts.evidence:
        return Said("The evidence does not say why.", "证据没有说明原因。", known=False)
    rows, against = facts.speaks_for[:MOST_ROWS], facts.speaks_against[:MOST_ROWS]
    parts = [as_sentence(facts.diagnosis) if facts.diagnosis else ""]
    parts += [f"For it: {'; '.join(map(say_row, rows))}." if rows else "It rests on no sensor's value."]
    parts += [f"Against it: {'; '.join(map(say_row, against))}." if against else ""]
    parts.append(say_ruled([one for one in facts.ruled_out if one.rows]))
    chinese = [f"判定为{words_of(facts.fault).name_zh}。"]
    chinese += [f"支持：{'；'.join(map(say_row_zh, rows))}。" if rows else "没有依据任何传感器数值。"]
    chinese += [f"不支持：{'；'.join(map(say_row_zh, against))}。" if against else ""]
    chinese.append(say_ruled_zh([one for one in facts.ruled_out if one.rows]))
    return Said(" ".join(part for part in parts if part), "".join(chinese), (*rows, *against))


def _since(case: Case, _facts: Facts) -> Said:
    incident = case.incident
    onset, raised = say_time(incident.onset_ns), say_time(incident.raised_ns)
    english = f"Since {onset} UTC; it was raised at {raised} UTC, {say_span(incident.delay_ns)} later"
    chinese = f"自 {onset}（UTC）起；于 {raised}（UTC）发出告警，相隔 {say_span_zh(incident.delay_ns)}"
    if incident.ended_ns is None:
        return Said(f"{english}. It has not ended.", f"{chinese}。尚未结束。")
    span_ns = incident.ended_ns - incident.onset_ns
    ended = say_time(incident.ended_ns)
    return Said(
        f"{english}. It ended at {ended} UTC after {say_span(span_ns)}.",
        f"{chinese}。已于 {ended}（UTC）结束，历时 {say_span_zh(span_ns)}。",
    )


def _sure(_case: Case, facts: Facts) -> Said:
    if not is_known(facts.confidence):
        return Said("The evidence does not say how sure it is.", "证据没有说明把握有多大。", known=False)
    words = next(row for row in CONFIDENCE_WORDS if facts.confidence >= row[0] or row[0] == 0)
    percent = f"{100 * facts.confidence:.0f} %"
    rows, against = len(facts.speaks_for), len(facts.speaks_against)
    name, name_zh = words_of(facts.fault).name_en, words_of(facts.fault).name_zh
    return Said(
        f"{name}: {words[1]} ({percent}). {_count(rows, 'observation')} for it, {against:,} against it, "
        f"{_count(len(facts.ruled_out), 'other cause')} ruled out.",
        f"{name_zh}：{words[2]}（{percent}）。支持的观测 {rows:,} 条，不支持的 {against:,} 条，"
        f"已排除其他原因 {len(facts.ruled_out):,} 个。",
        (*facts.speaks_for, *facts.speaks_against)[:MOST_ROWS],
    )


def _urgent(_case: Case, facts: Facts) -> Said:
    told = {
        "P1": ("page somebody now", "立即呼叫值班人员"),
        "P2": ("the same day", "当天处理"),
        "P3": ("a ticket", "提交工单"),
        "info": ("nobody has to act", "无需处理"),
    }
    if facts.severity not in told:
        return Said("The evidence does not say how urgent it is.", "证据没有说明紧急程度。", known=False)
    english, chinese = told[facts.severity]
    limit, limit_zh = say_limit(facts), say_limit_zh(facts)
    return Said(f"{facts.severity}: {english}. {limit}".rstrip(), f"{facts.severity}：{chinese}。{limit_zh}")


def _affected(case: Case, facts: Facts) -> Said:
    hosts, others = facts.hosts, [alert for alert in case.alerts if alert.fault != facts.fault]
    parts = [f"{_count(len(hosts), 'host')}: {list_names(hosts, most=20)}." if hosts else ""]
    parts += [f"Also {say_name(a.fault)} on {a.host} since {say_time(a.onset_ns)} UTC." for a in others[:5]]
    follow = [fault for fault in case.other_faults if all(fault != alert.fault for alert in others)]
    parts.append(f"It may bring {', '.join(map(say_name, follow))}." if follow else "")
    alone = len(hosts) == 1 and not others and not follow
    parts.append("Nothing else belongs to this incident." if alone else "")
    chinese = [f"{len(hosts):,} 台主机：{list_names(hosts, '、', most=20)}。" if hosts else ""]
    chinese += [
        f"{a.host} 自 {say_time(a.onset_ns)}（UTC）起还有{words_of(a.fault).name_zh}。" for a in others[:5]
    ]
    chinese.append(f"可能引起：{'、'.join(words_of(fault).name_zh for fault in follow)}。" if follow else "")
    chinese.append("该事件没有涉及其他。" if alone else "")
    english = " ".join(part for part in parts if part)
    if not english:
        return Said("The evidence names no host.", "证据中没有主机。", known=False)
    return Said(english, "".join(chinese))


def _first(case: Case, facts: Facts) -> Said:
    actions = rank_actions(facts.fault, facts.actions, case.confirmed)
    words = words_of(facts.fault)
    if not actions:
        return Said("The evidence names no action.", "证据中没有处理措施。", known=False)
    english = " ".join(f"{place}. {as_sentence(action)}" for place, action in enumerate(actions, 1))
    chinese = "".join(
        f"{i}. {as_sentence(say_action_zh(action), '。')}" for i, action in enumerate(actions, 1)
    )
    return Said(
        f"{english} {as_sentence(words.avoid_en)}", f"{chinese}注意：{as_sentence(words.avoid_zh, '。')}"
    )


def _avoid(_case: Case, facts: Facts) -> Said:
    words = words_of(facts.fault)
    return Said(as_sentence(words.avoid_en), as_sentence(words.avoid_zh, "。"))


def _ruled_out(_case: Case, facts: Facts) -> Said:
    if not facts.ruled_out:
        return Said("The evidence rules nothing out.", "证据没有排除任何其他原因。", known=False)
    rows = tuple(row for one in facts.ruled_out for row in one.rows[:1])
    return Said(say_ruled(facts.ruled_out), say_ruled_zh(facts.ruled_out), rows)


def _over(case: Case, _facts: Facts) -> Said:
    incident = case.incident
    if incident.ended_ns is not None:
        ended = say_time(incident.ended_ns)
        return Said(f"Yes, it ended at {ended} UTC.", f"是，已于 {ended}（UTC）结束。")
    is_stale = any(alert.ended_ns is None and alert.data == "stale" for alert in case.alerts)
    stale = " Data of it has stopped, so this is its last known state." if is_stale else ""
    stale_zh = "其数据已中断，这是最后已知的状态。" if is_stale else ""
    state = incident.state or "open"
    states_zh = {"open": "未结束", "acknowledged": "已确认，未结束", "suppressed": "已屏蔽，未结束"}
    return Said(f"No, it is {state}.{stale}", f"否，{states_zh.get(state, '未结束')}。{stale_zh}")


def _limit(_case: Case, facts: Facts) -> Said:
    english, chinese = say_limit(facts), say_limit_zh(facts)
    if not english:
        return Said(
            "The evidence does not say how long until a limit is met.",
            "证据没有说明还有多久达到上限。",
            known=False,
        )
    return Said(english, chinese)


def _acknowledged(case: Case, _facts: Facts) -> Said:
    if not case.acks:
        if case.incident.state == "acknowledged":
            return Said("It is acknowledged; the notes do not say by whom.", "已确认，记录中没有说明是谁。")
        return Said("Nobody has acknowledged it.", "还没有人确认。")
    told = [f"{note.by or 'Somebody'} at {say_time(note.time_ns)} UTC" for note in case.acks]
    told_zh = [f"{note.by or '某人'} 于 {say_time(note.time_ns)}（UTC）" for note in case.acks]
    text = next((note.text for note in reversed(case.acks) if note.text), "")
    return Said(
        f"Acknowledged by {'; '.join(told)}." + (f" Noted: {as_sentence(text)}" if text else ""),
        f"{'；'.join(told_zh)}确认。" + (f"备注：{as_sentence(text, '。')}" if text else ""),
    )


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


_TOPICS: dict[Topic, Callable[[Case, Facts], Said]] = {
    Topic.WHAT: _what,
    Topic.WHY: _why,
    Topic.SINCE: _since,
    Topic.SURE: _sure,
    Topic.URGENT: _urgent,
    Topic.AFFECTED: _affected,
    Topic.FIRST: _first,
    Topic.AVOID: _avoid,
    Topic.RULED_OUT: _ruled_out,
    Topic.OVER: _over,
    Topic.LIMIT: _limit,
    Topic.ACKNOWLEDGED: _acknowledged,
}
