"""The confusion matrix as a picture: truth in rows, what was said in columns, shares of a row as shades."""

from __future__ import annotations

from html import escape

import numpy as np
from numpy.typing import NDArray

from models.fault_classifier import CLASSES

CELL, LEFT, TOP = 34, 190, 170  # pixels
INK, PAPER = "#1d3557", "#ffffff"
FONT = 'font-family="Helvetica, Arial, sans-serif" font-size="12"'
LEAST_SHOWN = 0.005


def confusion_svg(confusion: NDArray[np.int64], title: str) -> str:
    """(C, C) counts as an SVG document."""
    count = len(CLASSES)
    wide, high = LEFT + CELL * count + 80, TOP + CELL * count + 20
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" width="{wide}" {FONT}>',
        f'<rect width="{wide}" height="{high}" fill="{PAPER}"/>',
        f'<text x="12" y="24" font-size="14">{escape(title)}</text>',
    ]
    shares = confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)
    for at, name in enumerate(CLASSES):
        label, y, x = escape(name.replace("_", " ")), TOP + CELL * at + 22, LEFT + CELL * at + 22
        parts.append(f'<text x="{LEFT - 8}" y="{y}" text-anchor="end">{label}</text>')
        parts.append(f'<text transform="translate({x} {TOP - 8}) rotate(-60)">{label}</text>')
        parts += [_cell(at, other, float(shares[at, other])) for other in range(count)]
    return "\n".join([*parts, "</svg>", ""])


def _cell(row: int, column: int, share: float) -> str:
    x, y = LEFT + CELL * column, TOP + CELL * row
    square = (
        f'<rect x="{x}" y="{y}" width="{CELL - 2}" height="{CELL - 2}" fill="{INK}" '
        f'fill-opacity="{0.03 + 0.97 * share:.2f}"/>'
    )
    if share < LEAST_SHOWN:
        return square
    ink = PAPER if share > 0.5 else INK
    return (
        f'{square}<text x="{x + 16}" y="{y + 21}" text-anchor="middle" fill="{ink}">{100 * share:.0f}</text>'
    )
