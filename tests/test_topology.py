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
        (
            "host,kind,pdu_a\np1,pdu,\nn1,server,p2\n",
            "line 3: pdu_a is 'p2'; expected a listed host, as the 1 of kind pdu are",
        ),
        ("host,kind,pdu_b\np1,PDU,p1\n", "line 2: pdu_b is 'p1'; expected a listed host"),
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


def test_a_feed_needs_no_row_where_no_pdu_is_listed(tmp_path: Path) -> None:
    path = inventory(tmp_path, "host,kind,pdu_a\nn1,server,p2\n")
    assert load_topology(path).place("n1").pdu_a == "p2"


def test_every_wrong_line_has_its_own_line(tmp_path: Path) -> None:
    path = inventory(tmp_path, "host,u\nn1\nn2,a\nn2,3\n")
    with pytest.raises(ConfigError) as caught:
        load_topology(path)
    assert [line.removeprefix(f"topology: {path}: ") for line in str(caught.value).splitlines()] == [
        "line 2: 1 cells; expected 2 as in the header",
        "line 3: u is 'a'; expected a number",
        "line 4: host n2 is already in line 3; expected once",
    ]


TOML = """
[racks.r3]
row = "A"
zone = "z1"
pdu_a = "p3a"
hosts = ["n07", "n08"]

[[host]]
host = "n09"
rack = "r3"
u = 12
kind = "gpu"
pdu_a = "p3b"

[[host]]
host = "crac1"
kind = "crac"
zone = "z1"
x = 4.5
"""


def toml(folder: Path, text: str) -> Path:
    path = folder / "topology.toml"
    path.write_text(text)
    return path


def test_toml_says_once_what_the_hosts_of_a_rack_share(tmp_path: Path) -> None:
    topology = load_topology(toml(tmp_path, TOML))
    assert topology.hosts() == ["n07", "n08", "n09", "crac1"]
    assert topology.place("n08") == Place(rack="r3", row="A", zone="z1", pdu_a="p3a")
    assert topology.place("n09") == Place("gpu", "r3", 12.0, "A", "z1", "p3b")
    assert topology.place("crac1") == Place(kind="crac", zone="z1", x=4.5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hosts = 3\n", "hosts is not known; expected [[host]] and [racks.NAME]"),
        ('[[host]]\nhost = "n1"\nrak = "r1"\n', "[[host]] 1: rak is not known; expected some of host,kind"),
        ('[[host]]\nhost = "n1"\nu = "top"\n', "[[host]] 1: u is 'top'; expected a number"),
        ('[[host]]\nhost = "n1"\nu = true\n', "[[host]] 1: u is True; expected a number"),
        ('[[host]]\nhost = "n1"\nx = nan\n', "[[host]] 1: x is 'nan'; expected a number"),
        ('[[host]]\nhost = "n1"\nrow = 3\n', "[[host]] 1: row is 3; expected a text"),
        ('[[host]]\nrow = "A"\n', "[[host]] 1: host is empty; expected a name"),
        ("[racks.r1]\nu = 3\n", "[racks.r1]: u is not known; expected some of kind,row,zone"),
        ('[racks.r1]\nhosts = "n1"\n', "[racks.r1]: hosts is 'n1'; expected a list of names"),
        (
            '[racks.r1]\nhosts = ["n1"]\n[[host]]\nhost = "n1"\n',
            "[[host]] 1: host n1 is already in [racks.r1]; expected once",
        ),
        ("[host]\n", "host is not a list of tables; expected [[host]]"),
        ("racks = 3\n", "racks is not a table of tables; expected [racks.NAME]"),
        ("[[host]\n", "is not a TOML file"),
    ],
)
def test_a_wrong_toml_inventory_is_named_by_table(tmp_path: Path, text: str, said: str) -> None:
    path = toml(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        load_topology(path)
    lines = str(caught.value).splitlines()
    assert len(lines) == 1
    assert lines[0].startswith(f"topology: {path}")
    assert said in lines[0]
