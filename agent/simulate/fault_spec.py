"""Episodes as people write them: `CLASS@WHERE:START+DURATION,magnitude,ramp=5m,part=2`.

    fan_failure@r01-n03:30m+20m                       half an hour in, for twenty minutes, moderate
    airflow_blockage@r01-n01:1h+40m,severe,ramp=10m   grows for ten minutes
    sensor_dropout@r02-n01:10m,part=exhaust_temp_c    till the end
    feed_loss@pdu-r01-a:45m+5m                        a place instead of a host

START counts from the start of the simulation. `every=10m` makes it come and go.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from agent.errors import ConfigError
from agent.simulate.spans import read_span
from models.twin.episodes import UNTIL_THE_END_S, Episode
from models.twin.magnitudes import MAGNITUDES, SENSOR_FAULTS
from models.twin.plans import FleetPlan, HostPlan
from models.twin.sensors import channels_of
from models.twin.truth import SCOPES

FORM = "CLASS@WHERE:START+DURATION, as fan_failure@r01-n03:30m+20m,moderate,ramp=5m,part=2"
_SPEC = re.compile(
    r"(?P<name>\w+)@(?P<where>[^:]*):(?P<start>[^+,]+)(?:\+(?P<lasts>[^,]+))?(?P<rest>(?:,[^,]+)*)"
)
_GRADES = ("subtle", "moderate", "severe")
_FLEET_WIDE = ("fleet", "stream")
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


def places_of(plan: FleetPlan, scope: str) -> list[str]:
    """The names that an episode of this scope may act on, beside those of hosts."""
    named: dict[str, Iterable[str]] = {
        "rack": (host.rack for host in plan.hosts),
        "zone": (host.zone for host in plan.hosts),
        "pdu": (feed for host in plan.hosts for feed in (host.feed_a, host.feed_b)),
        "collector": (host.collector for host in plan.hosts),
        "cluster": (str(host.cluster) for host in plan.hosts),
    }
    return list(dict.fromkeys(named.get(scope, ())))


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
    if scope in _FLEET_WIDE and where in EVERYWHERE:
        return ""
    hosts, places = [host.name for host in plan.hosts], places_of(plan, scope)
    if where in hosts or where in places or where in unit_names(plan):
        return where
    shown = places or hosts
    expected = f"a {scope} such as {', '.join(shown[:3])}"
    raise _wrong(spec, "place", where, f"all, or {expected}" if scope in _FLEET_WIDE else expected)


def unit_names(plan: FleetPlan) -> tuple[str, ...]:
    """Cooling units, PDUs and UPSs of the plan's site."""
    return ()


def _part(spec: str, name: str, where: str, part: str | None, plan: FleetPlan) -> int:
    host = next((host for host in plan.hosts if host.name == where), None)
    if name in SENSOR_FAULTS and host is not None:
        return _channel(spec, host, part)
    if part is None:
        return 1
    number = re.search(r"\d+$", part)
    if number is None or int(number[0]) < 1:
        raise _wrong(spec, "part", part, "the number of a fan, supply, socket or GPU, from 1")
    return int(number[0])


def _channel(spec: str, host: HostPlan, part: str | None) -> int:
    """The row of a channel among its host's, by name or number; the exhaust's where none is named."""
    names = [channel.name for channel in channels_of(host.kind)]
    part = part or "exhaust_temp_c"
    if part in names:
        return names.index(part)
    if part.isdecimal() and int(part) < len(names):
        return int(part)
    raise _wrong(spec, "part", part, f"a sensor of {host.name}: {', '.join(names)}")


def _wrong(spec: str, what: str, got: str, expected: str) -> ConfigError:
    return ConfigError(f"simulate: --fault {spec}: {what} is {got!r}; expected {expected}")
