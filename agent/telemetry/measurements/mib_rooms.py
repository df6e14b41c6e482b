"""Objects of what keeps a room cool and watches it: cooling units, environment probes, switches.

Scope `air` is a temperature or humidity whose place another column tells: its tags decide between supply,
return and a plain probe.
"""

from __future__ import annotations

from agent.telemetry.meanings import is_not_positive
from agent.telemetry.measurements.mib import (
    DECI_CELSIUS,
    DECI_DUTY,
    DECI_FAHRENHEIT,
    DECI_KW,
    FAHRENHEIT,
    PERCENT,
    is_blank,
    is_no_humidity,
    is_no_room,
    is_no_room_in_tenths,
    merged,
    objects,
)
from agent.telemetry.units import CELSIUS, DUTY_PERCENT, HUMIDITY, STATE

DECI_HUMIDITY = HUMIDITY._replace(scale=0.1)


def _in_row(unit: str, group: str, fan: str) -> dict[str, dict[str, str]]:
    """One of APC's InRow families: °C and °F objects, and the shares."""
    temperatures = {
        "SupplyAirTemp": "supply_temp_c",
        "ReturnAirTemp": "return_temp_c",
        "RackInletTemp": "inlet_temp_c",
        "EnteringFluidTemperature": "chw_supply_c",
        "LeavingFluidTemperature": "chw_return_c",
    }
    return {
        "celsius": {f"{unit}{of}Metric": name for of, name in temperatures.items()},
        "fahrenheit": {f"{unit}{of}US": name for of, name in temperatures.items()},
        "duty": {f"{unit}{fan}": "fan_pct"},
        "kilowatts": {
            f"{unit}CoolOutput": "cooling_w",
            f"{unit}CoolDemand": "cooling_demand_w",
            f"{group}CoolOutput": "group_cooling_w",
            f"{group}CoolDemand": "group_cooling_demand_w",
        },
        "percent": {f"{unit}FluidValvePosition": "valve_pct"},
    }


_RC = _in_row("airIRRCUnitStatus", "airIRRCGroupStatus", "FanSpeed")
_RD = _in_row("airIRG2RDT2Status", "airIRG2GroupStatus", "EvaporatorFanSpeed")

COOLING_UNITS = merged(
    *(
        table
        for family in (_RC, _RD)
        for table in (
            objects("", DECI_CELSIUS, family["celsius"], is_blank),
            objects("", DECI_FAHRENHEIT, family["fahrenheit"], is_blank, 1),
            objects("", DECI_DUTY, family["duty"]),
            objects("", DECI_KW, family["kilowatts"]),
            objects("", PERCENT, family["percent"]),
        )
    ),
    objects("", STATE, {"airIRRCUnitStatusOperateMode": "mode", "airIRG2RDT2StatusOperateMode": "mode"}),
    # Stulz WIB 8000
    objects("", DECI_CELSIUS, {"unitSupplyAirTemperature": "supply_temp_c"}, is_blank),
    objects("", DECI_CELSIUS, {"unitReturnAirTemperature": "return_temp_c"}, is_blank),
    objects("", DECI_HUMIDITY, {"unitReturnAirHumidity": "rh_pct"}),
    objects("", DECI_HUMIDITY, {"unitSupplyAirHumidity": "supply_rh_pct"}),
    # Liebert
    objects("", DUTY_PERCENT, {"lgpEnvStateFanCapacity": "fan_pct"}),
    objects("", PERCENT, {"lgpEnvStateCoolingCapacity": "cooling_pct"}),
    objects("", CELSIUS, {"lgpEnvSupplyAirTemperature": "supply_temp_c"}, is_no_room, 2),
    objects("", CELSIUS, {"lgpEnvReturnAirTemperature": "return_temp_c"}, is_no_room, 2),
    objects("air", DECI_CELSIUS, {"lgpEnvTemperatureMeasurementTenthsDegC": "temp_c"}, is_blank),
    objects("air", CELSIUS, {"lgpEnvTemperatureMeasurementDegC": "temp_c"}, is_blank, 1),
    objects("air", DECI_FAHRENHEIT, {"lgpEnvTemperatureMeasurementTenthsDegF": "temp_c"}, is_blank, 2),
    objects("air", FAHRENHEIT, {"lgpEnvTemperatureMeasurementDegF": "temp_c"}, is_blank, 3),
    objects("air", DECI_HUMIDITY, {"lgpEnvHumidityMeasurementRelTenths": "rh_pct"}),
    objects("air", HUMIDITY, {"lgpEnvHumidityMeasurementRel": "rh_pct"}, is_no_humidity, 1),
)

PROBES = merged(
    # NetBotz
    objects("air", CELSIUS, {"tempSensorValueInt": "temp_c"}, is_blank),
    objects("air", FAHRENHEIT, {"tempSensorValueIntF": "temp_c"}, is_blank, 1),
    objects("air", HUMIDITY, {"humiSensorValueInt": "rh_pct"}, is_no_humidity),
    objects("air", CELSIUS, {"emsProbeStatusProbeTemperature": "temp_c"}, is_no_room),
    objects("air", HUMIDITY, {"emsProbeStatusProbeHumidity": "rh_pct"}, is_no_humidity),
    # AKCP
    objects("air", CELSIUS, {"sensorProbeTempDegree": "temp_c"}, is_no_room, 1),
    objects("air", DECI_CELSIUS, {"sensorProbeTempDegreeRaw": "temp_c"}, is_no_room_in_tenths),
    objects("air", HUMIDITY, {"sensorProbeHumidityPercent": "rh_pct"}, is_no_humidity, 1),
    objects("air", DECI_HUMIDITY, {"sensorProbeHumidityRaw": "rh_pct"}),
    # CyberPower
    objects("air", DECI_CELSIUS, {"envirTemperatureCelsius": "temp_c"}, is_blank),
    objects("air", DECI_FAHRENHEIT, {"envirTemperature": "temp_c"}, is_blank, 1),
    objects("air", HUMIDITY, {"envirHumidity": "rh_pct"}, is_no_humidity),
)

SWITCHES = merged(
    objects("sensor", CELSIUS, {"ciscoEnvMonTemperatureStatusValue": "temp_c"}, is_blank),
    objects("sensor", STATE, {"ciscoEnvMonFanState": "fan_state", "ciscoEnvMonSupplyState": "supply_state"}),
    objects("sensor", CELSIUS, {"jnxOperatingTemp": "temp_c"}, is_not_positive),
)

ROOMS = merged(COOLING_UNITS, PROBES, SWITCHES)
