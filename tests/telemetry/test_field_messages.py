"""How messages of other people's machines are read, against labels by hand; run as a script, it prints all.

    python tests/telemetry/test_field_messages.py [--short] [--examiner]

A reading is wrong where its quantity, unit, value, host or time differs, or where there should be none.
"""

from __future__ import annotations

import json
import sys
from functools import lru_cache

import pytest
from field_messages_table import FOLDER, Row, examined, judge, judged, labelled, table

from agent.telemetry.decoder import Decoder
from agent.telemetry.readings import Message

RIGHT_SHARE = 0.99
NAMED_SHARE = 0.99  # of those that are right
MESSAGES, MACHINES = 600, 25  # that the files hold at least

table_once = lru_cache(maxsize=1)(judged)


def rows() -> list[Row]:
    return list(table_once().values())


def test_of_all_readings_99_in_100_are_right() -> None:
    wanted, right = sum(row.wanted for row in rows()), sum(row.right for row in rows())
    assert right >= RIGHT_SHARE * wanted, table(table_once(), with_details=True)


def test_no_reading_is_wrong() -> None:
    assert [text for row in rows() for text in row.wrong] == []


@pytest.mark.parametrize("machine", sorted(labelled()))
def test_no_machine_is_left_out(machine: str) -> None:
    row = table_once()[machine]
    assert row.right >= 0.9 * row.wanted, row.missing


def test_sensors_have_the_canonical_name_where_there_is_one() -> None:
    right = sum(row.right for row in rows())
    renamed = [text for row in rows() for text in row.renamed]
    assert len(renamed) <= (1 - NAMED_SHARE) * right, renamed


def test_of_the_examiners_messages_99_readings_in_100_are_right_and_none_is_wrong() -> None:
    judged_rows = {machine: judge(cases) for machine, cases in examined().items()}
    wanted, right = (sum(getattr(row, name) for row in judged_rows.values()) for name in ("wanted", "right"))
    renamed = sum(len(row.renamed) for row in judged_rows.values())
    wrong = [text for row in judged_rows.values() for text in row.wrong]
    assert wrong == []
    assert right >= RIGHT_SHARE * wanted, table(judged_rows, with_details=True)
    assert renamed <= (1 - NAMED_SHARE) * right


def test_the_first_round_of_readings_is_right_too() -> None:
    for machine, cases in labelled().items():
        decoder = Decoder()
        decoded = decoder.decode([Message(message.encode()) for message, _ in cases])
        columns = decoded.readings
        got = sorted(
            (int(m), decoder.series[int(s)].quantity, int(t), round(float(v), 6))
            for s, t, v, m in zip(
                columns.series, columns.time_ns, columns.value, columns.message, strict=True
            )
        )
        said = sorted(
            (at, reading.quantity, reading.time_ns, round(reading.value, 6))
            for at, (_, readings) in enumerate(cases)
            for reading in readings
        )
        assert got == said, machine


def test_only_messages_without_a_reading_are_dead_letters_and_few_of_those() -> None:
    silent, aside = 0, []
    for cases in labelled().values():
        decoded = Decoder().decode([Message(message.encode()) for message, _ in cases])
        without = {at for at, (_, readings) in enumerate(cases) if not readings}
        letters = {letter.message: letter.reason for letter in decoded.dead_letters}
        assert letters.keys() <= without
        silent += len(without) - len(letters)
        aside += letters.values()
    assert len(aside) <= silent / 10, aside  # the others are known and say themselves that they have none


def test_the_files_hold_many_messages_of_many_makes_and_traps_among_them() -> None:
    machines = labelled()
    cases = [case for of_one in machines.values() for case in of_one]
    assert len(cases) >= MESSAGES
    assert len(machines) >= MACHINES
    assert sum(not readings for _, readings in cases) >= MESSAGES / 10


def test_labels_are_readings_as_the_contract_words_them() -> None:
    units = {
        "power": "W",
        "energy": "J",
        "temperature": "Cel",
        "margin": "Cel",
        "voltage": "V",
        "current": "A",
        "humidity": "%",
        "utilization": "1",
        "frequency": "Hz",
        "state": "1",
        "other": "1",
    }
    for path in FOLDER.glob("*.jsonl"):
        for line in path.read_text("utf-8").splitlines():
            case = json.loads(line)
            assert sorted({*case} - {"may"}) == ["from", "message", "readings"]
            for reading in case["readings"]:
                assert reading["unit"] == units.get(reading["quantity"], reading["unit"])
                assert reading["quantity"] in {*units, "limit", "fan_speed"}


if __name__ == "__main__":
    rows_of = (
        {machine: judge(cases) for machine, cases in examined().items()}
        if "--examiner" in sys.argv
        else judged()
    )
    sys.stdout.write(table(rows_of, with_details="--short" not in sys.argv) + "\n")
