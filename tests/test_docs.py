"""What the documents say exists: links, files, commands and settings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from agent.cli import app
from agent.config import Config

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
SECTIONS = set(Config.model_fields)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchors(document: Path) -> set[str]:
    """The anchors of a document's headings, as they are made from their text."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(document: Path) -> None:
    broken = []
    for link in re.findall(r"\]\(([^)]+)\)", document.read_text(encoding="utf-8")):
        if link.startswith("https://"):
            continue
        file, _, anchor = link.partition("#")
        target = document.parent / file if file else document
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_files_that_are_named_exist(document: Path) -> None:
    named = re.findall(
        r"`((?:agent|models|deploy|tests|docs|sample_data)/[\w./]*)`", document.read_text(encoding="utf-8")
    )
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_settings_that_are_named_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    named = re.findall(r"`([a-z]+)\.([a-z_]+)(?: = [^`]*)?`", text)
    wrong = [
        f"{section}.{key}"
        for section, key in named
        if section in SECTIONS
        and key not in ("py", "md")
        and not hasattr(getattr(Config.default(), section), key)
    ]
    assert wrong == []


def test_the_readme_lists_every_command() -> None:
    listed = set(re.findall(r"^\| `coldaisle (\w+)", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert listed == set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def test_documents_speak_of_the_product_alone() -> None:
    home = re.compile(r"/(?:work|root|home)/|localhost:\d|\bTODO\b|\bFIXME\b")
    assert [name_of(d) for d in DOCUMENTS if home.search(d.read_text(encoding="utf-8"))] == []
