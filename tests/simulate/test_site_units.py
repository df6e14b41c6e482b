"""PDUs, UPSs and cooling units are understood as well, over SNMP and natively."""

from __future__ import annotations

import pytest
from simulated import fleet, plan_of, read_by, sent_by, understood

from agent.simulate.machines import HostPoll, Machine
from agent.simulate.stream import Sent
from agent.simulate.wire.dialects import DIALECTS, SNMP
from models.twin.unit_channels import CHANNELS

STAMP_S = 1_767_225_600
UNITS = {
    "pdu": {
        "phase1_a": 12.4, "phase2_a": 0.0, "phase3_a": 13.1,
        "phase1_v": 230.0, "phase2_v": 229.0, "phase3_v": 231.0, "power_w": 5_830.0,
    },
    "ups": {"battery_pct": 99.0, "input_v": 229.7, "output_v": 230.1, "load_pct": 42.0, "power_w": 11_700.0},
    "crah": {
        "supply_temp_c": 18.3, "return_temp_c": 31.9, "fan_pct": 0.71, "chw_supply_c": 9.8, "rh_pct": 44.5,
        "power_w": 2_310.0,
    },
    "crac": {
        "supply_temp_c": 18.3, "return_temp_c": 31.9, "fan_pct": 0.0, "rh_pct": 44.5, "power_w": 9_310.0,
    },
}  # fmt: skip


def told_by(dialect: str, kind: str) -> dict[str, float]:
    unit = Machine("unit-1", kind=kind)
    writer = SNMP.make(unit, "apc") if dialect == "snmp" else DIALECTS[dialect].make(unit, "coldaisle")
    written = writer.write(HostPoll(UNITS[kind], STAMP_S))
    sent = [Sent("unit-1", message.value, message.stamp_s, 0.0) for message in written]
    return {sensor: value for (_, sensor, _), value in understood(sent).items()}


@pytest.mark.parametrize("kind", UNITS)
def test_the_table_has_every_channel_of_the_twin(kind: str) -> None:
    assert set(UNITS[kind]) == {channel.name for channel in CHANNELS[kind]}


@pytest.mark.parametrize("kind", UNITS)
@pytest.mark.parametrize("dialect", ["snmp", "native"])
def test_a_unit_is_understood(dialect: str, kind: str) -> None:
    assert told_by(dialect, kind) == pytest.approx(UNITS[kind], abs=1e-6)


@pytest.mark.parametrize("dialect", ["ipmi", "native"])
def test_the_units_of_a_running_site_are_understood(dialect: str) -> None:
    plan = plan_of(fleet(3))
    read, found = (
        {key: value for key, value in one.items() if not key[0].startswith("r0")}
        for one in (read_by(plan), understood(sent_by(plan, dialect)))
    )
    assert {"crah-z1-1", "pdu-r01-a", "ups-b"} <= {host for host, _, _ in found}
    assert found.keys() == read.keys()
    assert found == pytest.approx(read, abs=0.5)  # volts of a phase are whole over SNMP
