"""Objects of uninterruptible power supplies: RFC 1628, APC, Eaton, CyberPower, Powercom, Liebert.

Which source feeds the load is a code of each vendor's own; of it we keep whether that is the battery.
"""

from __future__ import annotations

from agent.telemetry.measurements.mib import (
    CENTI_KWH,
    CENTI_S,
    DECI_A,
    DECI_CELSIUS,
    DECI_HZ,
    DECI_KWH,
    DECI_PERCENT,
    DECI_SHARE,
    DECI_V,
    KWH,
    MINUTE,
    PERCENT,
    SECOND,
    WATT_HOUR,
    Object,
    is_blank,
    is_five,
    is_no_humidity,
    is_no_room,
    is_three,
    merged,
    objects,
)
from agent.telemetry.units import AMPERE, CELSIUS, HERTZ, HUMIDITY, SHARE_PERCENT, STATE, VOLT, WATT

UNKNOWN_BYTE = 255.0  # °C, where an APC has no sensor


def is_no_byte(value: float) -> bool:
    return is_blank(value) or value == UNKNOWN_BYTE


RFC_1628 = merged(
    objects("input", VOLT, {"upsInputVoltage": "v"}),
    objects("input", DECI_A, {"upsInputCurrent": "a"}),
    objects("input", WATT, {"upsInputTruePower": "w"}),
    objects("input", DECI_HZ, {"upsInputFrequency": "hz"}),
    objects("phase", VOLT, {"upsOutputVoltage": "v"}),
    objects("phase", DECI_A, {"upsOutputCurrent": "a"}),
    objects("phase", WATT, {"upsOutputPower": "w"}),
    objects("load", SHARE_PERCENT, {"upsOutputPercentLoad": "util"}),
    objects("", DECI_HZ, {"upsOutputFrequency": "output_hz"}),
    objects("", PERCENT, {"upsEstimatedChargeRemaining": "battery_pct"}),
    objects("", MINUTE, {"upsEstimatedMinutesRemaining": "runtime_s"}),
    objects("", SECOND, {"upsSecondsOnBattery": "on_battery_s"}),
    objects("", DECI_V, {"upsBatteryVoltage": "battery_v"}),
    objects("", DECI_A, {"upsBatteryCurrent": "battery_a"}, None),
    objects("", CELSIUS, {"upsBatteryTemperature": "battery_temp_c"}, is_blank),
    objects("", STATE, {"upsBatteryStatus": "battery_state"}),
    {"upsOutputSource": Object("", "on_battery", STATE, is_blank, is_five)},
)

APC = merged(
    # whole numbers, and the same in tenths, which are better where both are there
    objects("", PERCENT, {"upsAdvBatteryCapacity": "battery_pct"}, rank=1),
    objects("", DECI_PERCENT, {"upsHighPrecBatteryCapacity": "battery_pct"}),
    objects("", CELSIUS, {"upsAdvBatteryTemperature": "battery_temp_c"}, is_no_byte, 1),
    objects("", DECI_CELSIUS, {"upsHighPrecBatteryTemperature": "battery_temp_c"}, is_blank),
    objects("", VOLT, {"upsAdvBatteryActualVoltage": "battery_v"}, rank=1),
    objects("", DECI_V, {"upsHighPrecBatteryActualVoltage": "battery_v"}),
    objects("", AMPERE, {"upsAdvBatteryCurrent": "battery_a"}, is_blank, 1),
    objects("", DECI_A, {"upsHighPrecBatteryCurrent": "battery_a"}, is_blank),
    objects("", CENTI_S, {"upsAdvBatteryRunTimeRemaining": "runtime_s"}),
    objects("", SECOND, {"upsAdvBatteryRunTimeRemaining_seconds": "runtime_s"}, rank=1),
    objects("", CENTI_S, {"upsBasicBatteryTimeOnBattery": "on_battery_s"}),
    objects("", SECOND, {"upsBasicBatteryTimeOnBattery_seconds": "on_battery_s"}, rank=1),
    objects("", STATE, {"upsBasicBatteryStatus": "battery_state"}),
    objects("input", VOLT, {"upsAdvInputLineVoltage": "v"}, rank=1),
    objects("input", DECI_V, {"upsHighPrecInputLineVoltage": "v"}),
    objects("input", HERTZ, {"upsAdvInputFrequency": "hz"}, rank=1),
    objects("input", DECI_HZ, {"upsHighPrecInputFrequency": "hz"}),
    objects("", VOLT, {"upsAdvOutputVoltage": "output_v"}, rank=1),
    objects("", DECI_V, {"upsHighPrecOutputVoltage": "output_v"}),
    objects("", AMPERE, {"upsAdvOutputCurrent": "output_a"}, rank=1),
    objects("", DECI_A, {"upsHighPrecOutputCurrent": "output_a"}),
    objects("", HERTZ, {"upsAdvOutputFrequency": "output_hz"}, rank=1),
    objects("", DECI_HZ, {"upsHighPrecOutputFrequency": "output_hz"}),
    objects("load", SHARE_PERCENT, {"upsAdvOutputLoad": "util"}, rank=1),
    objects("load", DECI_SHARE, {"upsHighPrecOutputLoad": "util"}),
    objects("", WATT, {"upsAdvOutputActivePower": "power_w"}),
    objects("", KWH, {"upsAdvOutputEnergyUsage": "energy_j"}, rank=1),
    objects("", CENTI_KWH, {"upsHighPrecOutputEnergyUsage": "energy_j"}),
    # three-phase units; of the voltages other vendors' objects of the same name have another scale
    objects("input", DECI_A, {"upsPhaseInputCurrent": "a"}),
    objects("input", DECI_HZ, {"upsPhaseInputFrequency": "hz"}, rank=2),
    objects("phase", DECI_A, {"upsPhaseOutputCurrent": "a"}),
    objects("phase", WATT, {"upsPhaseOutputPower": "w"}),
    objects("load", SHARE_PERCENT, {"upsPhaseOutputPercentLoad": "util"}),
    # probes
    objects("sensor", CELSIUS, {"iemStatusProbeCurrentTemp": "temp_c"}, is_no_room),
    objects("sensor", HUMIDITY, {"iemStatusProbeCurrentHumid": "rh_pct"}, is_no_humidity),
    objects("sensor", CELSIUS, {"uioSensorStatusTemperatureDegC": "temp_c"}, is_blank, 2),
    objects("sensor", HUMIDITY, {"uioSensorStatusHumidity": "rh_pct"}, is_no_humidity, 2),
    {"upsBasicOutputStatus": Object("", "on_battery", STATE, is_blank, is_three)},
)

EATON = merged(  # XUPS-MIB
    objects("input", VOLT, {"xupsInputVoltage": "v"}),
    objects("input", AMPERE, {"xupsInputCurrent": "a"}, rank=1),
    objects("input", DECI_A, {"xupsInputCurrentHighPrecision": "a"}),
    objects("input", WATT, {"xupsInputWatts": "w"}),
    objects("input", DECI_HZ, {"xupsInputFrequency": "hz"}),
    objects("phase", VOLT, {"xupsOutputVoltage": "v"}),
    objects("phase", AMPERE, {"xupsOutputCurrent": "a"}, rank=1),
    objects("phase", DECI_A, {"xupsOutputCurrentHighPrecision": "a"}),
    objects("phase", WATT, {"xupsOutputWatts": "w"}),
    objects("", DECI_HZ, {"xupsOutputFrequency": "output_hz"}),
    objects("", WATT, {"xupsOutputTotalWatts": "power_w"}),
    objects("", WATT_HOUR, {"xupsOutputCumulativePowerUsage": "energy_j"}),
    objects("load", SHARE_PERCENT, {"xupsOutputLoad": "util"}),
    objects("", PERCENT, {"xupsBatCapacity": "battery_pct"}),
    objects("", SECOND, {"xupsBatTimeRemaining": "runtime_s"}),
    objects("", VOLT, {"xupsBatVoltage": "battery_v"}),
    objects("", AMPERE, {"xupsBatCurrent": "battery_a"}, None),
    objects("sensor", CELSIUS, {"xupsEnvAmbientTemp": "temp_c"}, is_blank),
    objects("sensor", HUMIDITY, {"xupsEnvAmbientHumidity": "rh_pct"}, is_no_humidity),
    {"xupsOutputSource": Object("", "on_battery", STATE, is_blank, is_five)},
)

OTHERS = merged(
    # CyberPower
    objects("", PERCENT, {"upsAdvanceBatteryCapacity": "battery_pct"}),
    objects("", DECI_V, {"upsAdvanceBatteryVoltage": "battery_v"}),
    objects("", CELSIUS, {"upsAdvanceBatteryTemperature": "battery_temp_c"}, is_blank),
    objects("", CENTI_S, {"upsAdvanceBatteryRunTimeRemaining": "runtime_s"}),
    objects("input", DECI_V, {"upsAdvanceInputLineVoltage": "v"}),
    objects("input", DECI_HZ, {"upsAdvanceInputFrequency": "hz"}),
    objects("", DECI_V, {"upsAdvanceOutputVoltage": "output_v"}),
    objects("", DECI_A, {"upsAdvanceOutputCurrent": "output_a"}),
    objects("", DECI_HZ, {"upsAdvanceOutputFrequency": "output_hz"}),
    objects("load", SHARE_PERCENT, {"upsAdvanceOutputLoad": "util"}),
    objects("", WATT, {"upsAdvanceOutputPower": "power_w"}),
    objects("", DECI_KWH, {"upsAdvanceOutputEnergy": "energy_j"}),
    # CyberPower and Powercom alike
    {"upsBaseOutputStatus": Object("", "on_battery", STATE, is_blank, is_three)},
    # Powercom and others of its protocol
    objects("", PERCENT, {"upsSmartBatteryCapacity": "battery_pct"}),
    objects("", DECI_V, {"upsSmartBatteryVoltage": "battery_v"}),
    objects("", DECI_CELSIUS, {"upsSmartBatteryTemperature": "battery_temp_c"}, is_blank),
    objects("input", DECI_V, {"upsSmartInputLineVoltage": "v"}),
    objects("input", DECI_HZ, {"upsSmartInputFrequency": "hz"}),
    objects("", DECI_V, {"upsSmartOutputVoltage": "output_v"}),
    objects("", DECI_HZ, {"upsSmartOutputFrequency": "output_hz"}),
    objects("load", SHARE_PERCENT, {"upsSmartOutputLoad": "util"}),
    # Liebert
    objects("", PERCENT, {"lgpPwrBatteryCapacity": "battery_pct"}),
)

UPSES = merged(RFC_1628, APC, EATON, OTHERS)
