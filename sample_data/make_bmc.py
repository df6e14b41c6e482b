"""Makes the excerpt of a real BMC recording: `python sample_data/make_bmc.py bmc_server.parquet`.

bmc_server.parquet (bmcdata, a row a sample) ─► Telegraf line protocol, a metric a line, as collectors send

bmc_normal.log.gz     normal runs of April to June 2023, fans in many modes, idle to 64 virtual machines
bmc_fan_stop.log.gz   the two normal runs before, then run 202307052240: all fans stopped by its operator
"""

from __future__ import annotations

import gzip
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

HERE = Path(__file__).parent
HOST, COLLECTOR = "bmc-s2500", "collector01"
FAN_STOP = "202307052240"
BEFORE = ("202306191641", "202306191745")

# column → (name as Telegraf spells it, unit, entity, decimals)
SENSORS = {
    "Cpu1_Temp": ("cpu1_temp", "degrees_c", "3.1", 1),
    "Cpu2_Temp": ("cpu2_temp", "degrees_c", "3.2", 1),
    "Chipset_Temp": ("chipset_temp", "degrees_c", "7.1", 1),
    "Chipset2_Temp": ("chipset2_temp", "degrees_c", "7.2", 1),
    "Inlet_Temp": ("inlet_temp", "degrees_c", "55.1", 1),
    "Outlet_Temp": ("outlet_temp", "degrees_c", "55.2", 1),
    "IO_Outlet_Temp": ("io_outlet_temp", "degrees_c", "55.3", 1),
    "FAN1": ("fan1", "rpm", "29.1", 0),
    "FAN2": ("fan2", "rpm", "29.2", 0),
    "FAN3": ("fan3", "rpm", "29.3", 0),
    "FAN4": ("fan4", "rpm", "29.4", 0),
    "PSU1_Total_Power": ("psu1_total_power", "watts", "10.1", 1),
    "PSU2_Total_Power": ("psu2_total_power", "watts", "10.2", 1),
    "PSU1_VIN": ("psu1_vin", "volts", "10.1", 1),
    "PSU2_VIN": ("psu2_vin", "volts", "10.2", 1),
    "PSU1_Inlet": ("psu1_inlet_temp", "degrees_c", "10.1", 1),
    "PSU2_Inlet": ("psu2_inlet_temp", "degrees_c", "10.2", 1),
    "PSU1_FAN": ("psu1_fan", "rpm", "10.1", 0),
    "PSU2_FAN": ("psu2_fan", "rpm", "10.2", 0),
}


def make_recordings(samples: pd.DataFrame, folder: Path) -> None:
    """Both recordings, the same to the byte each time."""
    runs = samples["run"].astype(str)
    normal = (runs < FAN_STOP) & ~runs.isin(BEFORE) & (samples["label_fan_stop"] == 0)
    normal &= ~samples["raw_units"]
    write_recording(folder / "bmc_normal.log.gz", samples[normal])
    write_recording(folder / "bmc_fan_stop.log.gz", samples[runs.isin((*BEFORE, FAN_STOP))])


def write_recording(path: Path, samples: pd.DataFrame) -> None:
    with path.open("wb") as file, gzip.GzipFile("", "wb", mtime=0, fileobj=file) as packed:
        for line in lines_of(samples.sort_values("time")):
            packed.write(line.encode())


def lines_of(samples: pd.DataFrame) -> Iterator[str]:
    """One line a sensor and sample; a sensor without a value sends nothing."""
    times_ns = samples["time"].astype("datetime64[ns, UTC]").astype("int64").tolist()
    for row, time_ns in zip(samples.to_dict("records"), times_ns, strict=True):
        for column, (name, unit, entity, decimals) in SENSORS.items():
            if pd.notna(row[column]):
                tags = f"entity_id={entity},host={COLLECTOR},name={name},server={HOST}"
                value = f"{row[column]:.{decimals}f}".removesuffix(".0")
                yield f"ipmi_sensor,{tags},status_code=ok,unit={unit} value={value} {time_ns}\n"


if __name__ == "__main__":
    make_recordings(pd.read_parquet(sys.argv[1]), HERE)
