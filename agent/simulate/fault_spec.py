"""Episodes as people write them: `CLASS@WHERE:START+DURATION,magnitude,ramp=5m,part=2`.

    fan_failure@r01-n03:30m+20m                       half an hour in, for twenty minutes, moderate
    airflow_blockage@r01-n01:1h+40m,severe,ramp=10m   grows for ten minutes
    sensor_dropout@r02-n01:10m,part=exhaust_temp_c    till the end
    feed_loss@pdu-r01-a:45m+5m                        a place instead of a host

START counts from the start of the simulation. `every=10m` makes it come and go.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from agent.errors import ConfigError
from agent.simulate.spans import read_span
from models.twin.episodes import UNTIL_THE_END_S, Episode
from models.twin.kinds import ServerKind
from models.twin.magnitudes import MAGNITUDES, NO_FAULTS, SENSOR_FAULTS, SERVER_FAULTS
from models.twin.places import place_units
from models.twin.plans import FleetPlan, HostPlan
from models.twin.sensors import channels_of
from models.twin.truth import SCOPES, Reaches
from models.twin.unit_channels import CHANNELS

FORM = "CLASS@WHERE:START+DURATION, as fan_failure@r01-n03:30m+20m,moderate,ramp=5m,part=2"
_SPEC = re.compile(
    r"(?P<name>\w+)@(?P<where>[^:]*):(?P<start>[^+,]+)(?:\+(?P<lasts>[^,]+))?(?P<rest>(?:,[^,]+)*)"
)
_GRADES = ("subtle", "moderate", "severe")
_FLEET_WIDE = ("fleet", "stream")
_SEASONS = ("warm_inlet",)
_PLACES: Mapping[str, Callable[[HostPlan], str]] = {
    "host": lambda host: host.name,
    "rack": lambda host: host.rack,
    "zone": lambda host: host.zone,
    "pdu": lambda host: host.feed_a,
    "cluster": lambda host: str(host.cluster),
    "collector": lambda host: host.collector,
}
_SETTINGS = ("ramp", "every", "part")
EVERYWHERE = ("all", "*", "")


def read_fault(spec: str, plan: FleetPlan) -> Episode:
    """The episode that a `--fault` asks for, on the hosts and from the start of `plan`.

    Raises:
        ConfigError: it is not of that form, or names a class, place or part that is not there.
    """
    match = _SPEC.fullmatch(spec.strip())
    if match is None:
        raise ConfigError(f"simulate: --fault is {spec!r}; expected {FORM}")
    name = match["name"]
    if name not in MAGNITUDES:
        raise _wrong(spec, "class", name, "one of `coldaisle simulate --list-faults`")
    magnitude, settings = _rest(spec, match["rest"])
    start_s = plan.start_s + read_span(match["start"], f"--fault {spec}: the start")
    lasts_s = read_span(match["lasts"], f"--fault {spec}: the duration") if match["lasts"] else None
    where = _where(spec, name, match["where"].strip(), plan)
    return Episode(
        host=where,
        name=name,
        start_s=start_s,
        end_s=UNTIL_THE_END_S if lasts_s is None else start_s + lasts_s,
        magnitude=magnitude,
        part=_part(spec, name, where, settings.get("part"), plan),
        ramp_s=read_span(settings["ramp"], f"--fault {spec}: ramp") if "ramp" in settings else 0.0,
        period_s=read_span(settings["every"], f"--fault {spec}: every") if "every" in settings else 0.0,
    )


def _rest(spec: str, rest: str) -> tuple[str, Mapping[str, str]]:
    magnitude, settings = "moderate", dict[str, str]()
    for word in rest.split(",")[1:]:
        key, is_setting, value = word.strip().partition("=")
        if not is_setting and key in _GRADES:
            magnitude = key
        elif is_setting and key in _SETTINGS and value:
            settings[key] = value
        else:
            expected = f"{', '.join(_GRADES)}, {', '.join(f'{s}=…' for s in _SETTINGS)}"
            raise _wrong(spec, "part", word.strip(), expected)
    return magnitude, settings


def _where(spec: str, name: str, where: str, plan: FleetPlan) -> str:
    scope = SCOPES.get(name, "host")
    can_be_everywhere = scope in _FLEET_WIDE or name in _SEASONS
    if can_be_everywhere and where in EVERYWHERE:
        return ""
    is_misplaced = (name in SERVER_FAULTS or name in NO_FAULTS) and where in units_of(plan)
    if where and not is_misplaced and Reaches(plan).knows(Episode(where, name, 0.0)):
        return where
    named = _PLACES.get(scope, _PLACES["host"])
    shown = ", ".join(list(dict.fromkeys(named(host) for host in plan.hosts))[:3])
    expected = [*(["all"] if can_be_everywhere else []), *([f"a {scope} such as {shown}"] if shown else [])]
    raise _wrong(spec, "place", where, " or ".join(expected))


def units_of(plan: FleetPlan) -> Mapping[str, str]:
    """The site's own units, each with its kind."""
    return {unit.name: unit.kind for unit in place_units(plan.places(), plan.site)}


def sensors_at(where: str, plan: FleetPlan) -> list[str]:
    """The canonical sensors of a server or unit, in the order that an episode's part counts; else none."""
    kind = next((host.kind for host in plan.hosts if host.name == where), None)
    if kind is not None:
        return [channel.name for channel in channels_of(kind)]
    return [channel.name for channel in CHANNELS.get(units_of(plan).get(where, ""), ())]


def _part(spec: str, name: str, where: str, part: str | None, plan: FleetPlan) -> int:
    if name in SENSOR_FAULTS:
        return _sensor(spec, where, part, plan)
    if part is None:
        return 1
    number = re.search(r"\d+$", part)
    host = next((host for host in plan.hosts if host.name == where), None)
    most = most_parts(name, host.kind) if host is not None else 0
    if number is None or int(number[0]) < 1 or (most and int(number[0]) > most):
        raise _wrong(spec, "part", part, f"a number of 1..{most}" if most else "a number from 1")
    return int(number[0])


def _sensor(spec: str, where: str, part: str | None, plan: FleetPlan) -> int:
    """A sensor's place among those of its host, by name or number; the first where none is named."""
    names = sensors_at(where, plan)
    if part is None:
        return 0
    if part in names:
        return names.index(part)
    if part.isdecimal() and int(part) < len(names):
        return int(part)
    raise _wrong(spec, "part", part, f"a sensor of {where}: {', '.join(names)}")


def most_parts(name: str, kind: ServerKind) -> int:
    """How many fans, supplies, GPUs or sockets a class can choose from; 0 where it counts none."""
    counts = {"fan": kind.fans, "psu": kind.supplies, "gpu": kind.gpus, "heatsink": kind.sockets}
    return counts.get(name.partition("_")[0], 0)


def _wrong(spec: str, what: str, got: str, expected: str) -> ConfigError:
    return ConfigError(f"simulate: --fault {spec}: {what} is {got!r}; expected {expected}")
