"""The inventory while the daemon runs: a good change is taken up, a broken one changes nothing."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from agent.errors import ConfigError
from agent.health import Health
from agent.inventory_file import InventoryFile

LONG_AGO_S = 1_767_225_600


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write(tmp_path / "topology.csv", "host,rack\nn1,r1\n", 0)


def write(path: Path, text: str, minute: int) -> Path:
    path.write_text(text)
    os.utime(path, (LONG_AGO_S, LONG_AGO_S + 60 * minute))
    return path


def test_a_changed_file_is_taken_up(path: Path) -> None:
    inventory = InventoryFile(path)
    assert inventory.first.place("n1").rack == "r1"
    write(path, "host,rack\nn1,r2\nn2,r2\n", 1)
    taken = inventory.look()
    assert taken is not None
    assert [taken.place(host).rack for host in ("n1", "n2")] == ["r2", "r2"]
    assert inventory.look() is None


def test_a_file_of_the_same_size_and_another_time_is_read_again(path: Path) -> None:
    inventory = InventoryFile(path)
    write(path, "host,rack\nn1,r9\n", 1)
    taken = inventory.look()
    assert taken is not None
    assert taken.place("n1").rack == "r9"


def test_a_touched_file_is_no_change(path: Path) -> None:
    inventory = InventoryFile(path)
    os.utime(path, (LONG_AGO_S, LONG_AGO_S + 60))
    assert inventory.look() is None
    assert inventory.fault == ""


def test_a_broken_file_is_told_once_and_mended_by_the_next_good_one(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    inventory = InventoryFile(path)
    write(path, "host,rak\nn1,r2\n", 1)
    with caplog.at_level(logging.INFO):
        assert inventory.look() is None
        os.utime(path, (LONG_AGO_S, LONG_AGO_S + 120))
        assert inventory.look() is None
        assert inventory.look() is None
    assert "line 1: column 'rak' is not known" in inventory.fault
    assert len([record for record in caplog.records if record.levelno == logging.ERROR]) == 1
    write(path, "host,rack\nn1,r2\n", 3)
    assert inventory.look() is not None
    assert inventory.fault == ""


def test_a_file_that_goes_away_leaves_the_old_inventory(path: Path) -> None:
    inventory = InventoryFile(path)
    content = path.read_text()
    path.unlink()
    assert inventory.look() is None
    assert "cannot be read: No such file" in inventory.fault
    write(path, content, 1)
    assert inventory.look() is not None
    assert inventory.fault == ""


def test_a_file_that_may_still_be_in_the_making_is_read_at_the_next_look(path: Path) -> None:
    inventory = InventoryFile(path)
    path.write_text("host,rack\nn1,r2\n")
    assert inventory.look() is None
    write(path, "host,rack\nn1,r2\n", 1)
    assert inventory.look() is not None


def test_no_look_comes_before_it_is_due(path: Path) -> None:
    inventory = InventoryFile(path)
    write(path, "host,rack\nn1,r2\n", 1)
    assert inventory.look_if_due() is None
    assert InventoryFile(None).look() is None


def test_a_daemon_does_not_start_with_a_broken_file(path: Path) -> None:
    write(path, "host\nn1\nn1\n", 1)
    with pytest.raises(ConfigError, match="line 3: host n1 is already in line 2"):
        InventoryFile(path)


def test_health_tells_of_a_broken_file() -> None:
    health = Health("one")
    told = {metric.name: metric.samples[0].value for metric in health.collect()}
    assert told["coldaisle_topology_broken"] == 0
    health.topology_fault = "line 1: …"
    told = {metric.name: metric.samples[0].value for metric in health.collect()}
    assert told["coldaisle_topology_broken"] == 1
