"""Spans of time in Chinese; in English they are said by agent/report/words.py."""

from __future__ import annotations

import re

from agent.report.words import say_span

_UNITS = (("min", "分钟"), ("d", "天"), ("h", "小时"), ("s", "秒"))


def say_span_zh(span_ns: int) -> str:
    """`12 分钟`, `1 小时 5 分钟`."""
    text = re.sub(r"\b0(\d)", r"\1", say_span(span_ns))
    for unit, chinese in _UNITS:
        text = re.sub(rf"\b{unit}\b", chinese, text)
    return text
