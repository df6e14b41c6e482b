"""The inventory: what it may leave out, and what is said of a wrong one."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent.errors import ConfigError
from agent.topology import NOWHERE, Place, load_topology


def inventory(folder: Path, text: str) -> Path:
    path = folder / "topology.csv"
    path.write_text(text)
    return path


def test_a_full_row_is_a_full_place(tmp_path: Path) -> None:
    path = inventory(
        tmp_path, "host,kind,rack,u,row,zone,pdu_a,pdu_b,x,y\nn07,server,r3,12,A,z1,p3a,p3b,4.5,1\n"
    )
    assert load_topology(path).place("n07") == Place("server", "r3", 12.0, "A", "z1", "p3a", "p3b", 4.5, 1.0)


def test_columns_are_found_by_name_in_any_order(tmp_path: Path) -> None:
    path = inventory(tmp_path, "zone,host,rack\nz1,n1,r1\nz2,n2,r2\n")
    topology = load_topology(path)
    assert topology.place("n2") == Place(rack="r2", zone="z2")
    assert topology.hosts() == ["n1", "n2"]
    assert len(topology) == 2


def test_only_the_host_column_is_needed(tmp_path: Path) -> None:
    topology = load_topology(inventory(tmp_path, "host\nn1\n"))
    assert "n1" in topology
    assert topology.place("n1") == NOWHERE


def test_a_host_that_is_not_listed_is_nowhere(tmp_path: Path) -> None:
    topology = load_topology(inventory(tmp_path, "host,rack\nn1,r1\n"))
    assert "n9" not in topology
    assert topology.place("n9") == NOWHERE


def test_no_file_is_an_empty_inventory() -> None:
    assert len(load_topology(None)) == 0


def test_spreadsheet_exports_are_read(tmp_path: Path) -> None:
    path = tmp_path / "topology.csv"
    path.write_bytes('\ufeffHost, Rack ,u\r\n"n1", "r 1",\r\n\r\n,,\r\n'.encode())
    assert load_topology(path).place("n1") == Place(rack="r 1")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: there is no column host"),
        ("rack\nr1\n", "line 1: there is no column host"),
        ("host,rak\nn1,r1\n", "line 1: column 'rak' is not known"),
        ("host,rack,rack\n", "line 1: column rack is there 2 times; expected once"),
        ("host,rack\nn1\n", "line 2: 1 cells; expected 2 as in the header"),
        ("host,rack\n,r1\n", "line 2: host is empty; expected a name"),
        ("host,u\nn1,top\n", "line 2: u is 'top'; expected a number"),
        ("host,x\nn1,nan\n", "line 2: x is 'nan'; expected a number"),
        ("host\nn1\n\nn2\nn1\n", "line 5: host n1 is already in line 2"),
        (
            f"host\n{'n' * 254}\n",
            "line 2: host is not a name; expected at most 253 printable characters",
        ),
        ('host\n"n1\n', "is not a CSV file"),
    ],
)
def test_a_wrong_inventory_is_named_by_line(tmp_path: Path, text: str, said: str) -> None:
    path = inventory(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_topology(path)
    assert str(caught.value).startswith(f"topology: {path}")
    assert said in str(caught.value)


def test_all_faults_are_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_topology(inventory(tmp_path, "host,u\nn1,a\n,3\n"))
    assert len(str(caught.value).splitlines()) == 2


def test_an_absent_inventory_is_a_config_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file"):
        load_topology(tmp_path / "topology.csv")
