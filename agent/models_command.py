"""`coldaisle models`: what a registry holds, whether it may be used, and which version serves.

list, show and verify only read. promote and rollback replace one small file, in one step.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from agent.config import Config, load_config
from agent.errors import RegistryError
from models.manifest import Manifest
from models.registry import Registry, Version

MAX_NAMES = 12  # sensors shown of a cohort; --json has all

models_app = typer.Typer(
    help="Versions of the models: what there is, whether it is sound, and which one serves.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)

Folder = Annotated[
    Path | None, typer.Option("--registry", metavar="DIR", help="The models; wins over the config's.")
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Take the registry's folder from here.")
]
AsJson = Annotated[bool, typer.Option("--json", help="JSON, for scripts.")]
OptionalRelease = Annotated[
    str,
    typer.Argument(metavar="[RELEASE]", help="12 hex digits.  [default: the champion]", show_default=False),
]


@models_app.command("list")
def list_versions(registry: Folder = None, config: ConfigFile = None, as_json: AsJson = False) -> None:
    """List all versions, oldest first.

    With --json an object a line.

    \b
    Example:
      coldaisle models list --registry registry
    """
    versions = _open(registry, config).versions()
    if as_json:
        for version in versions:
            typer.echo(json.dumps(_listed(version)))
    elif versions:
        Console().print(version_table(versions))
    else:
        typer.echo("no versions yet: coldaisle train makes the first")


@models_app.command()
def show(
    release: OptionalRelease = "",
    registry: Folder = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Show where a version comes from and what is in it.

    \b
    Example:
      coldaisle models show --registry registry
    """
    opened = _open(registry, config)
    manifest = opened.read_manifest(release or _serving(opened))
    if as_json:
        typer.echo(json.dumps(_shown(manifest)))
        return
    console = Console()
    console.print(_facts_table(manifest))
    console.print(cohort_table(manifest))


@models_app.command()
def verify(
    releases: Annotated[
        list[str] | None,
        typer.Argument(metavar="[RELEASE]...", help="[default: all versions]", show_default=False),
    ] = None,
    registry: Folder = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Check versions as the daemon does before it uses one.

    Signature, hashes, sizes, tensors, and that they still give the outputs they gave when they were saved.
    Exit code 1 if one must not be used.

    \b
    Example:
      coldaisle models verify --registry registry
    """
    opened = _open(registry, config)
    names = releases or [version.release for version in opened.versions()]
    faults = {name: _fault(opened, name) for name in names}
    for name, fault in faults.items():
        line = {"release": name, "ok": not fault, "fault": fault}
        typer.echo(
            json.dumps(line) if as_json else f"{'failed' if fault else 'ok':<7} {name}  {fault}".rstrip()
        )
    if not names:
        typer.echo("no versions yet: coldaisle train makes the first", err=True)
    if any(faults.values()):
        raise typer.Exit(1)


@models_app.command()
def promote(
    release: Annotated[str, typer.Argument(metavar="RELEASE", help="12 hex digits.")],
    registry: Folder = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Put a version into service, after verifying it.

    An older version than the champion is refused: that is rollback.

    \b
    Example:
      coldaisle models promote 3f2a9c01d7be --registry registry
    """
    opened = _open(registry, config)
    opened.promote(release)
    _say_champion(opened, as_json)


@models_app.command()
def rollback(
    release: Annotated[
        str,
        typer.Argument(metavar="[RELEASE]", help="[default: the champion before this]", show_default=False),
    ] = "",
    registry: Folder = None,
    config: ConfigFile = None,
    as_json: AsJson = False,
) -> None:
    """Go back to the champion before this one, or to an older one.

    \b
    Example:
      coldaisle models rollback --registry registry
    """
    opened = _open(registry, config)
    opened.rollback(release)
    _say_champion(opened, as_json)


def version_table(versions: Sequence[Version]) -> Table:
    """A row a version; the champion is marked, damaged ones say why."""
    table = Table(title="Models", title_justify="left", box=None, padding=(0, 2, 0, 0))
    for column, justify in (
        ("Release", "left"), ("", "left"), ("Serial", "right"), ("Created", "left"), ("Cohorts", "right"),
        ("Parent", "left"), ("Fault", "left"),
    ):  # fmt: skip
        table.add_column(column, justify="right" if justify == "right" else "left", overflow="fold")
    for version in versions:
        role = "champion" if version.is_champion else ""
        manifest = version.manifest
        if manifest is None:
            table.add_row(version.release, role, "", "", "", "", version.fault)
        else:
            serial, cohorts = str(manifest.serial), str(len(manifest.cohorts))
            table.add_row(version.release, role, serial, manifest.created, cohorts, manifest.parent, "")
    return table


def cohort_table(manifest: Manifest) -> Table:
    """A row a cohort: its sensors, hosts of training, and what was chosen for it with the reason."""
    table = Table(title="Cohorts", title_justify="left", box=None, padding=(0, 2, 0, 0))
    for column in ("Cohort", "Hosts", "Window", "Sensors", "Notes"):
        table.add_column(column, overflow="fold")
    for cohort in manifest.cohorts:
        sensors = list(cohort.meta.get("sensors", []))
        more = f" and {len(sensors) - MAX_NAMES} more" if len(sensors) > MAX_NAMES else ""
        table.add_row(
            cohort.id,
            str(len(cohort.meta.get("hosts", []))),
            str(cohort.meta.get("window", "")),
            ", ".join(sensors[:MAX_NAMES]) + more,
            "; ".join(cohort.meta.get("notes", [])),
        )
    return table


def _facts_table(manifest: Manifest) -> Table:
    table = Table(title=f"Release {manifest.release}", title_justify="left", box=None, show_header=False)
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    facts = {
        "serial": manifest.serial,
        "parent": manifest.parent or "none",
        "created": manifest.created or "not told",
        "made by": f"coldaisle {manifest.package}, torch {manifest.torch}",
        **{name: value for name, value in manifest.training.items() if name != "hosts"},
    }
    for name, value in facts.items():
        table.add_row(name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    return table


def _listed(version: Version) -> dict[str, object]:
    manifest = version.manifest
    return {
        "release": version.release,
        "champion": version.is_champion,
        "serial": manifest.serial if manifest else None,
        "created": manifest.created if manifest else None,
        "parent": manifest.parent if manifest else None,
        "cohorts": [cohort.id for cohort in manifest.cohorts] if manifest else [],
        "fault": version.fault,
    }


def _shown(manifest: Manifest) -> dict[str, object]:
    return {
        "release": manifest.release,
        "serial": manifest.serial,
        "parent": manifest.parent,
        "created": manifest.created,
        "package": manifest.package,
        "torch": manifest.torch,
        "training": manifest.training,
        "cohorts": {cohort.id: cohort.meta for cohort in manifest.cohorts},
    }


def _fault(registry: Registry, release: str) -> str:
    try:
        registry.verify(release)
    except RegistryError as error:
        return str(error)
    return ""


def _say_champion(registry: Registry, as_json: bool) -> None:
    release = registry.champion_release()
    typer.echo(json.dumps({"champion": release}) if as_json else f"champion: {release}")


def _serving(registry: Registry) -> str:
    release = registry.champion_release()
    if not release:
        raise RegistryError(f"{registry.path} has no champion yet; coldaisle train makes the first", "absent")
    return release


def _open(folder: Path | None, config: Path | None) -> Registry:
    settings = load_config(config) if config else Config.default()
    return Registry(folder or settings.models.registry)
