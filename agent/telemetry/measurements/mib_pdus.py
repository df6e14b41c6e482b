"""Objects of PDUs: APC, Server Technology, CyberPower, Eaton, Liebert, Vertiv, Geist and Raritan.

Names that vendors share with other scales (`outletVoltage` is in tenths of a volt at one, in millivolts at
another) are not in the table: no value is better than a wrong one. Eaton's are such names, so they count only
where the message says that it is Eaton's.
"""

from __future__ import annotations

from agent.telemetry.measurements.mib import (
    CENTI_A,
    CENTI_KW,
    DECI_A,
    DECI_CELSIUS,
    DECI_FAHRENHEIT,
    DECI_HZ,
    DECI_KW,
    DECI_KWH,
    DECI_V,
    KWH,
    MILLI_A,
    MILLI_V,
    WATT_HOUR,
    is_blank,
    is_no_humidity,
    is_no_room_in_tenths,
    merged,
    objects,
)
from agent.telemetry.units import HUMIDITY, STATE, VOLT, WATT

DECI_HUMIDITY = HUMIDITY._replace(scale=0.1)

APC = merged(
    # PowerNet-MIB, rPDU2: all current Rack PDUs
    objects("", CENTI_KW, {"rPDU2DeviceStatusPower": "power_w"}),
    objects("", DECI_KWH, {"rPDU2DeviceStatusEnergy": "energy_j"}),
    objects("phase", DECI_A, {"rPDU2PhaseStatusCurrent": "a"}),
    objects("phase", VOLT, {"rPDU2PhaseStatusVoltage": "v"}),
    objects("phase", CENTI_KW, {"rPDU2PhaseStatusPower": "w"}),
    objects("bank", DECI_A, {"rPDU2BankStatusCurrent": "a"}),
    objects("outlet", DECI_A, {"rPDU2OutletMeteredStatusCurrent": "a"}),
    objects("outlet", WATT, {"rPDU2OutletMeteredStatusPower": "w"}),
    objects("outlet", DECI_KWH, {"rPDU2OutletMeteredStatusEnergy": "j"}),
    objects("", STATE, {"rPDU2DeviceStatusLoadState": "load_state"}),
    objects("phase", STATE, {"rPDU2PhaseStatusLoadState": "load_state"}),
    objects("bank", STATE, {"rPDU2BankStatusLoadState": "load_state"}),
    objects("outlet", STATE, {"rPDU2OutletSwitchedStatusState": "state"}),
    objects("sensor", DECI_CELSIUS, {"rPDU2SensorTempHumidityStatusTempC": "temp_c"}, is_blank),
    objects("sensor", DECI_FAHRENHEIT, {"rPDU2SensorTempHumidityStatusTempF": "temp_c"}, is_blank, 1),
    objects("sensor", HUMIDITY, {"rPDU2SensorTempHumidityStatusRelativeHumidity": "rh_pct"}, is_no_humidity),
    # rPDU: older ones; a row is a phase or, after all phases, a bank
    objects("row", DECI_A, {"rPDULoadStatusLoad": "a"}, rank=1),
    objects("", WATT, {"rPDUIdentDevicePowerWatts": "power_w"}, rank=1),
    objects("outlet", DECI_A, {"rPDUOutletStatusLoad": "a"}, rank=1),
    # Easy PDU
    objects("", WATT, {"ePDUDeviceStatusActivePower": "power_w"}),
    objects("", WATT_HOUR, {"ePDUDeviceStatusEnergy": "energy_j"}),
    objects("phase", DECI_V, {"ePDUPhaseStatusVoltage": "v"}),
    objects("phase", CENTI_A, {"ePDUPhaseStatusCurrent": "a"}),
    objects("phase", WATT, {"ePDUPhaseStatusActivePower": "w"}),
    objects("sensor", DECI_CELSIUS, {"ePDUSensorStatusTemperature": "temp_c"}, is_blank),
    objects("sensor", DECI_HUMIDITY, {"ePDUSensorStatusHumidity": "rh_pct"}),
    # floor-standing PDUs
    objects("", DECI_KW, {"xPDUSystemOutputTotalPower": "power_w"}),
    objects("phase", DECI_A, {"xPDUSystemOutputPhaseCurrent": "a"}),
    objects("phase", DECI_V, {"xPDUSystemOutputVoltageLtoN": "v"}),
    objects("phase", DECI_KW, {"xPDUSystemOutputPower": "w"}),
    objects("", DECI_HZ, {"xPDUSystemOutputFrequency": "output_hz"}),
)

SERVER_TECHNOLOGY = merged(
    # Sentry4-MIB
    objects("", WATT, {"st4InputCordActivePower": "power_w"}),
    objects("", DECI_KWH, {"st4InputCordEnergy": "energy_j"}),
    objects("", DECI_HZ, {"st4InputCordFrequency": "input_hz"}),
    objects("line", CENTI_A, {"st4LineCurrent": "a"}),
    objects("phase", CENTI_A, {"st4PhaseCurrent": "a"}),
    objects("phase", DECI_V, {"st4PhaseVoltage": "v"}),
    objects("phase", WATT, {"st4PhaseActivePower": "w"}),
    objects("phase", DECI_KWH, {"st4PhaseEnergy": "j"}),
    objects("bank", CENTI_A, {"st4BranchCurrent": "a"}),
    objects("outlet", CENTI_A, {"st4OutletCurrent": "a"}),
    objects("outlet", DECI_V, {"st4OutletVoltage": "v"}),
    objects("outlet", WATT, {"st4OutletActivePower": "w"}),
    objects("outlet", WATT_HOUR, {"st4OutletEnergy": "j"}),
    objects("sensor", DECI_CELSIUS, {"st4TempSensorValue": "temp_c"}, is_no_room_in_tenths),
    objects("sensor", HUMIDITY, {"st4HumidSensorValue": "rh_pct"}, is_no_humidity),
    # Sentry3-MIB
    objects("", WATT, {"towerActivePower": "power_w"}),
    objects("", KWH, {"towerEnergy": "energy_j"}),
    objects("phase", CENTI_A, {"infeedLoadValue": "a"}),
    objects("phase", CENTI_A, {"infeedPhaseCurrent": "a"}, rank=1),
    objects("phase", DECI_V, {"infeedPhaseVoltage": "v"}),
    objects("phase", WATT, {"infeedPower": "w"}),
    objects("phase", DECI_KWH, {"infeedEnergy": "j"}),
    objects("outlet", CENTI_A, {"outletLoadValue": "a"}),
    objects("bank", CENTI_A, {"branchLoadValue": "a"}),
    objects("sensor", DECI_CELSIUS, {"tempHumidSensorTempValue": "temp_c"}, is_no_room_in_tenths),
    objects("sensor", HUMIDITY, {"tempHumidSensorHumidValue": "rh_pct"}, is_no_humidity),
)

CYBERPOWER = merged(
    objects("row", DECI_A, {"ePDULoadStatusLoad": "a"}, rank=1),
    objects("row", DECI_V, {"ePDULoadStatusVoltage": "v"}, rank=1),
    objects("row", WATT, {"ePDULoadStatusActivePower": "w"}, rank=1),
    objects("row", DECI_KWH, {"ePDULoadStatusEnergy": "j"}, rank=1),
    objects("phase", DECI_A, {"ePDU2PhaseStatusLoad": "a"}),
    objects("phase", DECI_V, {"ePDU2PhaseStatusVoltage": "v"}),
    objects("phase", WATT, {"ePDU2PhaseStatusPower": "w"}),
    objects("bank", DECI_A, {"ePDU2BankStatusLoad": "a"}),
    objects("outlet", DECI_A, {"ePDUOutletStatusLoad": "a", "ePDU2OutletMeteredStatusLoad": "a"}),
    objects("outlet", WATT, {"ePDUOutletStatusActivePower": "w", "ePDU2OutletMeteredStatusActivePower": "w"}),
    objects("outlet", DECI_KWH, {"ePDU2OutletMeteredStatusEnergy": "j"}),
    objects("", WATT, {"ePDU2DeviceStatusPowerLoad": "power_w"}),
    objects("", DECI_A, {"ePDU2DeviceStatusCurrentLoad": "current_a"}),
    objects("", DECI_KWH, {"ePDU2DeviceStatusEnergy": "energy_j"}),
    objects("input", DECI_V, {"ePDUStatusInputVoltage": "v"}),
    objects("input", DECI_HZ, {"ePDUStatusInputFrequency": "hz"}),
)

VERTIV = merged(
    # LIEBERT-GP-PDU-MIB: power source, its lines, branches, receptacles, sensors
    objects("", WATT, {"lgpPduPsEntryPwrTotal": "power_w"}),
    objects("", DECI_KWH, {"lgpPduPsEntryEnergyAccum": "energy_j"}),
    objects("phase", CENTI_A, {"lgpPduPsLineEntryEcHundredths": "a"}),
    objects("phase", DECI_A, {"lgpPduPsLineEntryEc": "a"}, rank=1),
    objects("phase", DECI_V, {"lgpPduPsLineEntryEpLNTenths": "v"}),
    objects("phase", VOLT, {"lgpPduPsLineEntryEpLN": "v"}, rank=1),
    objects("phase", WATT, {"lgpPduPsLineEntryPwrLN": "w"}),
    objects("bank", CENTI_A, {"lgpPduRbEntryEcHundredths": "a"}),
    objects("bank", WATT, {"lgpPduRbEntryPwr": "w"}),
    objects("outlet", CENTI_A, {"lgpPduRcpEntryEcHundredths": "a"}),
    objects("outlet", DECI_A, {"lgpPduRcpEntryEc": "a"}, rank=1),
    objects("outlet", WATT, {"lgpPduRcpEntryPwrOut": "w"}),
    objects("outlet", DECI_KWH, {"lgpPduRcpEntryEnergyAccum": "j"}),
    objects("sensor", DECI_CELSIUS, {"lgpPduAuxMeasTempDegC": "temp_c"}, is_blank),
    objects("sensor", DECI_CELSIUS, {"lgpPduAuxSensorTempMeasurementDegC": "temp_c"}, is_blank),
    objects("sensor", DECI_FAHRENHEIT, {"lgpPduAuxMeasTempDegF": "temp_c"}, is_blank, 1),
    objects("sensor", DECI_FAHRENHEIT, {"lgpPduAuxSensorTempMeasurementDegF": "temp_c"}, is_blank, 1),
    objects(
        "sensor", DECI_HUMIDITY, {"lgpPduAuxMeasHum": "rh_pct", "lgpPduAuxSensorHumMeasurement": "rh_pct"}
    ),
    # GEIST-V4-MIB and VERTIV-V5-MIB
    objects("", WATT, {"pduTotalRealPower": "power_w"}),
    objects("", WATT_HOUR, {"pduTotalEnergy": "energy_j"}),
    objects("phase", CENTI_A, {"pduPhaseCurrent": "a"}),
    objects("phase", DECI_V, {"pduPhaseVoltage": "v"}),
    objects("phase", WATT, {"pduPhaseRealPower": "w"}),
    objects("phase", WATT_HOUR, {"pduPhaseEnergy": "j"}),
    objects("line", CENTI_A, {"pduLineCurrent": "a"}),
    objects("bank", CENTI_A, {"pduBreakerCurrent": "a"}),
    objects("outlet", CENTI_A, {"pduOutletMeterCurrent": "a"}),
    objects("outlet", WATT, {"pduOutletMeterRealPower": "w"}),
    objects("outlet", WATT_HOUR, {"pduOutletMeterEnergy": "j"}),
    objects("sensor", DECI_CELSIUS, {"tempSensorTemp": "temp_c"}, is_no_room_in_tenths),
    objects("sensor", DECI_CELSIUS, {"airFlowSensorTemp": "temp_c"}, is_no_room_in_tenths),
    objects("sensor", HUMIDITY, {"airFlowSensorHumidity": "rh_pct"}, is_no_humidity),
)

# EATON-EPDU-MIB; an input has up to three voltages and four currents.
EATON = merged(
    objects("input", MILLI_V, {"inputVoltage": "v"}),
    objects("phase", MILLI_A, {"inputCurrent": "a"}),
    objects("input", WATT, {"inputWatts": "w"}),
    objects("input", WATT_HOUR, {"inputWh": "j"}),
    objects("input", DECI_HZ, {"inputFrequency": "hz"}),
    objects("bank", MILLI_A, {"groupCurrent": "a"}),
    objects("bank", MILLI_V, {"groupVoltage": "v"}),
    objects("bank", WATT, {"groupWatts": "w"}),
    objects("outlet", MILLI_A, {"outletCurrent": "a"}),
    objects("outlet", MILLI_V, {"outletVoltage": "v"}),
    objects("outlet", WATT, {"outletWatts": "w"}),
    objects("outlet", WATT_HOUR, {"outletWh": "j"}),
    objects("sensor", DECI_CELSIUS, {"temperatureValue": "temp_c"}, is_blank),
    objects("sensor", DECI_HUMIDITY, {"humidityValue": "rh_pct"}),
)

# PDU-MIB of Raritan's older PX; what it says of outlets has names that others share.
RARITAN = merged(
    objects("input", MILLI_V, {"inletVoltage": "v"}),
    objects("input", MILLI_A, {"inletCurrent": "a"}),
    objects("input", WATT, {"inletActivePower": "w"}),
)

PDUS = merged(APC, SERVER_TECHNOLOGY, CYBERPOWER, VERTIV, RARITAN)
