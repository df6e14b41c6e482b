"""The sensors of a site's own units: cooling units, PDUs, UPSs."""

from __future__ import annotations

from models.twin.places import PHASES
from models.twin.sensors import Channel


def _temperature(name: str) -> Channel:
    return Channel(name, "temperature", "Cel", 0.1, lag_s=20.0, bias=0.2, noise=0.05)


def _power(name: str) -> Channel:
    return Channel(name, "power", "W", 10.0, lag_s=2.0, gain=0.01, gain_noise=0.003)


def _volts(name: str) -> Channel:
    return Channel(name, "voltage", "V", 0.1, gain=0.003, gain_noise=0.0005)


_FAN = Channel("fan_pct", "fan_speed", "1", 0.01, noise=0.002)  # 0 to 1, as a decoder hands it on
_HUMIDITY = Channel("rh_pct", "humidity", "%", 0.5, lag_s=60.0, bias=1.5, noise=0.2)
_AIR = (_temperature("supply_temp_c"), _temperature("return_temp_c"), _FAN)
CHANNELS: dict[str, tuple[Channel, ...]] = {
    "crah": (*_AIR, _temperature("chw_supply_c"), _HUMIDITY, _power("power_w")),
    "crac": (*_AIR, _HUMIDITY, _power("power_w")),
    "pdu": (
        *(Channel(f"phase{n + 1}_a", "current", "A", 0.1, gain=0.01, noise=0.02) for n in range(PHASES)),
        *(_volts(f"phase{n + 1}_v") for n in range(PHASES)),
        _power("power_w"),
    ),
    "ups": (
        Channel("battery_pct", "other", "1", 1.0),  # 0 to 100
        _volts("input_v"),
        _volts("output_v"),
        Channel("load_pct", "other", "1", 1.0, noise=0.2),  # 0 to 100
        _power("power_w"),
    ),
}  # fmt: skip
