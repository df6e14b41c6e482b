"""No name leaves the site, and each comes back as it was."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.ask.masking import Mask, make_mask

NAMES = {"host": ["r1-n01", "r1-n02", "db.prod.example.org"], "rack": ["r1", "R07"], "zone": ["cold-aisle-2"]}


def mask_for(*texts: str, names: dict[str, list[str]] | None = None) -> Mask:
    return make_mask(names or NAMES, texts)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("Fan 3 of r1-n01 stopped (0 rpm).", "Fan 3 of host-1 stopped (0 rpm)."),
        ("r1-n02 and r1-n01, rack r1", "host-2 and host-1, rack rack-A"),
        ("R1-N01's fan; (r1-n01)", "host-1's fan; (host-1)"),
        ("xr1-n01 is another one", "xr1-n01 is another one"),
        ("r1-n011 is no known host", "rack-A-n011 is no known host"),
        ("机柜 R07 的主机r1-n01停转", "机柜 rack-B 的主机host-1停转"),
        ("db.prod.example.org in cold-aisle-2", "host-3 in zone-1"),
    ],
)
def test_names_within_a_text_are_masked_and_parts_of_other_words_are_not(text: str, masked: str) -> None:
    everything = "r1-n01 r1-n02 db.prod.example.org r1 R07 cold-aisle-2"
    mask = make_mask(NAMES, [everything])
    assert mask.hide(text) == masked
    assert mask.show(masked).lower() == text.lower()


@pytest.mark.parametrize(
    "address",
    [
        "10.20.2.203", "10.20.2.0/24", "fe80::1ff:fe23:4567:890a", "2001:db8:0:1:1:1:1:1",
        "00:1B:44:11:3A:B7",
        "https://n07.example.org:8443/redfish", "kim@example.org", "bmc-7.mgmt.example.org",
        "fleet_faults.log.gz",
    ],
)  # fmt: skip
def test_addresses_are_masked_wherever_they_stand(address: str) -> None:
    text = f"It asked {address} twice."
    mask = mask_for(text)
    assert mask.hide(text) == "It asked address-1 twice."
    assert mask.show(mask.hide(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "since 2026-01-01 06:50:15 UTC; P1, almost certain (95 %)", "PSU1 carries 250.5 W",
        "score 0.453, 3,540 rpm",
        "exhaust_temp_c 23.5 °C", "`ipmitool sdr type fan`", "≤ 80 %, e.g. a fan", "1. Look. 2. Swap it.",
    ],
)  # fmt: skip
def test_times_values_and_sensors_are_no_names(text: str) -> None:
    assert mask_for(text).hide(text) == text


def test_a_rack_that_is_a_letter_or_a_small_number_takes_no_numbers_along() -> None:
    text = "Fan 3 of n07 in rack 3 stopped; 3 of 5 others run. 机柜 3"
    mask = mask_for(text, names={"host": ["n07"], "rack": ["3"]})
    assert mask.hide(text) == "Fan 3 of host-1 in rack rack-A stopped; 3 of 5 others run. 机柜 rack-A"
    assert mask.show(mask.hide(text)) == text
    assert mask.hide("3") == "rack-A"


def test_a_stand_in_that_is_a_name_or_in_the_text_already_is_not_used() -> None:
    text = "host-1 talks to n07 and host-3"
    mask = mask_for(text, names={"host": ["n07", "host-1"]})
    assert mask.show(mask.hide(text)) == text
    assert "n07" not in mask.hide(text) and len({*mask.aliases.values(), "host-3", "host-1"}) == 4


def test_racks_have_letters_beyond_z() -> None:
    racks = [f"k{i:02d}" for i in range(30)]
    mask = make_mask({"rack": racks}, [" ".join(racks)])
    assert [mask.aliases[racks[i]] for i in (0, 25, 26, 29)] == ["rack-A", "rack-Z", "rack-AA", "rack-AD"]
    assert mask.show("rack-A, rack-AA and rack-AB") == "k00, k26 and k27"


def test_a_stand_in_comes_back_however_the_answer_writes_it() -> None:
    mask = mask_for("r1-n01 r1-n02 " + "x " * 3, names={"host": [f"r1-n{i:02d}" for i in range(1, 13)]})
    assert mask.show("Host-1 and HOST‑2.") == "r1-n01 and r1-n02."
    assert mask.show("host-12, myhost-1, host-1x, rack-Z") == "host-12, myhost-1, host-1x, rack-Z"


def test_only_names_that_are_spoken_of_have_stand_ins_and_equal_texts_have_equal_ones() -> None:
    hosts = [f"n{i:05d}" for i in range(20_000)]
    mask = make_mask({"host": hosts}, ["n19999 and N00042"])
    assert mask.aliases == {"n00042": "host-1", "n19999": "host-2"}
    assert make_mask({"host": hosts}, ["n19999 and N00042"]) == mask


@given(
    st.lists(
        st.from_regex(r"\A[a-z][a-z0-9]{2,6}(?:[-.][a-z0-9]{1,4})?\Z"), min_size=1, max_size=5, unique=True
    ),
    st.lists(
        st.sampled_from(["fan", "3", "12.5", "of", "rack", "(", "),", "；", "host-1", "电源"]), max_size=8
    ),
)
def test_no_name_is_left_in_any_text_and_all_come_back(names: list[str], words: list[str]) -> None:
    text = " ".join(
        part for pair in zip([*words, *["and"] * len(names)], [*names, *words], strict=False) for part in pair
    )
    mask = make_mask({"host": names}, [text])
    hidden = mask.hide(text)
    alone = re.sub(r"[a-z]+-(?:\d+|[A-Z]+)", " ", hidden)
    for name in names:
        assert re.search(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])", alone) is None
    assert mask.show(hidden) == text
