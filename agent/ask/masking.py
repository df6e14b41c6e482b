"""Names that leave the site only as stand-ins: host-1, rack-A, address-1; and back again in the answer.

"Fan 3 of r1-n01 stopped" ─mask─► "Fan 3 of host-1 stopped" ─unmask─► "Fan 3 of r1-n01 stopped"
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# Addresses of any kind: mail, web, IPv6, MAC, IPv4, names with dots whose last part is letters.
ADDRESS = re.compile(
    r"[a-z][a-z0-9+.-]*://[^\s\"'<>()]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+"
    r"|(?<![0-9a-f:])(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}(?![0-9a-f:])"
    r"|(?<![0-9a-f:])(?=[0-9a-f:]*::|(?:[0-9a-f]{1,4}:){7})[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?![0-9a-f:])"
    r"|(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?(?![\d.]*\d)"
    r"|(?<![A-Za-z0-9_.-])(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?\.)+[A-Za-z]{2,}(?![A-Za-z0-9_-])",
    re.IGNORECASE,
)
# Names that are a letter or a small number are masked only behind a word that says what they are.
_SHORT = re.compile(r"\w|\d\d")
_KIND_WORDS = {
    "host": "host|server|machine|of|on|from|主机|服务器",
    "rack": "rack|机柜",
    "row": "row|机列",
    "zone": "zone|区域",
    "pdu": "pdu",
    "place": "place|stream|source|collector|数据流|采集源",
    "person": "by",
    "address": "address",
}


@dataclass(frozen=True, slots=True)
class Mask:
    """Stand-ins by name, each of its own; made once for all texts of a question."""

    aliases: Mapping[str, str]  # name → stand-in

    def hide(self, text: str) -> str:
        """The text with every name replaced, however it is written in capitals."""
        if not self.aliases:
            return text
        lower = {name.lower(): alias for name, alias in self.aliases.items()}
        if text.lower() in lower:
            return lower[text.lower()]
        return _pattern(self.aliases).sub(lambda found: lower[found[0].lower()], text)

    def show(self, text: str) -> str:
        """The text with every stand-in replaced by its name."""
        names = {alias.lower(): name for name, alias in self.aliases.items()}
        if not names:
            return text
        longest = sorted(names, key=len, reverse=True)
        told = "|".join(re.escape(alias).replace(r"\-", "[-‐‑–]") for alias in longest)
        pattern = re.compile(rf"(?<![A-Za-z0-9_-])(?:{told})(?![A-Za-z0-9_])", re.IGNORECASE)
        return pattern.sub(lambda found: names[re.sub("[‐‑–]", "-", found[0]).lower()], text)

    def cut(self, text: str) -> str:
        """A masked text without its stand-ins, whose numbers are none."""
        for alias in sorted(self.aliases.values(), key=len, reverse=True):
            text = re.sub(rf"{re.escape(alias)}(?![A-Za-z0-9])", " ", text, flags=re.IGNORECASE)
        return text


def make_mask(names: Mapping[str, Iterable[str]], texts: Iterable[str]) -> Mask:
    """Stand-ins for the names of each kind (host, rack, row, zone, pdu, place, person) that are in the texts,
    and for all addresses there. The same names and texts give the same stand-ins, of which none is in a text
    already."""
    corpus = "\n".join(texts)
    known: dict[str, str] = {}
    lower: set[str] = set()
    taken = corpus.lower()
    for kind, of_kind in [*names.items(), ("address", _addresses(corpus))]:
        number = 0
        for name in dict.fromkeys(of_kind):
            if not name.strip() or name.lower() in lower or name.lower() not in taken:
                continue
            lower.add(name.lower())
            number += 1
            while _alias(kind, number) in taken:
                number += 1
            known[name] = _alias(kind, number, shown=True)
    return Mask(known)


def _addresses(corpus: str) -> list[str]:
    return list(dict.fromkeys(found[0].rstrip(".,;") for found in ADDRESS.finditer(corpus)))


def _alias(kind: str, number: int, shown: bool = False) -> str:
    """host-1, host-2 …; of racks rack-A … rack-Z, rack-AA …"""
    if kind != "rack":
        return f"{kind}-{number}"
    letters = ""
    while number > 0:
        number, letter = divmod(number - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return f"rack-{letters}" if shown else f"rack-{letters}".lower()


def _pattern(aliases: Mapping[str, str]) -> re.Pattern[str]:
    """Longest names first, so that r1-n01 is not taken for r1; none within a longer word."""
    parts = []
    for name in sorted(aliases, key=lambda name: (-len(name), name)):
        kind = aliases[name].partition("-")[0]
        before = ""
        if _SHORT.fullmatch(name):  # "rack 3", and not every 3
            words = _KIND_WORDS.get(kind, kind).split("|")
            before = "(?:" + "|".join(rf"(?<={word}[ -])|(?<={word})" for word in words) + ")"
        parts.append(rf"{before}{re.escape(name)}")
    return re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(parts)})(?![A-Za-z0-9])", re.IGNORECASE)
