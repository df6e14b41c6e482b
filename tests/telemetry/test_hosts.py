"""Which tag names the host, in which order."""

from __future__ import annotations

import pytest

from agent.errors import DecodeError
from agent.telemetry.hosts import cut_port, host_of

IN_ORDER = [
    ("server", "10.0.0.1", "10.0.0.1"),
    ("source", "web483", "web483"),
    ("hostname", "gpu-n03", "gpu-n03"),
    ("Hostname", "gpu-n04", "gpu-n04"),
    ("instance", "n07:9290", "n07"),
    ("agent_host", "10.0.9.4", "10.0.9.4"),
    ("address", "10.0.0.7", "10.0.0.7"),
    ("host.name", "r01-n07", "r01-n07"),
    ("host.id", "4c4c", "4c4c"),
    ("system.host_name", "sys", "sys"),
    ("service_tag", "6VQS5X3", "6VQS5X3"),
    ("Context", "rack1", "rack1"),
    ("url", "http://n08:9400/metrics", "n08"),
    ("host", "collector01", "collector01"),
]


@pytest.mark.parametrize("first", range(len(IN_ORDER)))
def test_the_first_tag_of_the_order_names_the_host(first: int) -> None:
    tags = {name: value for name, value, _ in reversed(IN_ORDER[first:])}
    assert host_of(tags, b"key") == IN_ORDER[first][2]


def test_an_empty_tag_is_not_there() -> None:
    assert host_of({"server": " ", "source": "", "host": "n1"}) == "n1"


def test_the_key_comes_last_and_nothing_is_no_host() -> None:
    assert host_of({}, b"n9") == "n9"
    for key in (None, b"", b"  ", b"\xff"):
        with pytest.raises(DecodeError, match=r"^no host$"):
            host_of({}, key)


def test_a_hypervisor_is_the_host_and_not_the_vcenter_that_tells_of_it() -> None:
    tags = {"host_name": "esx-01", "dc_name": "DC1", "instance": "vcenter-exporter:9272"}
    assert host_of(tags) == "esx-01"
    assert host_of({"host_name": "esx-01", "instance": "n07:9100"}) == "n07"


@pytest.mark.parametrize(
    ("source", "host"),
    [("acpi", "k8s-7"), ("rapl-sysfs", "k8s-7"), ("acpi-lab", "acpi-lab"), ("gpu07", "gpu07")],
)
def test_where_a_scraped_number_is_from_is_no_host(source: str, host: str) -> None:
    assert host_of({"source": source, "instance": "k8s-7:9102"}) == host
    assert host_of({"source": source, "address": "10.0.0.7"}) == source


@pytest.mark.parametrize("host", ["n" * 254, "a\nb", "a\x00", "\u2028"])
def test_a_name_that_cannot_be_one_is_refused(host: str) -> None:
    with pytest.raises(DecodeError, match=r"^(bad|no) host$"):
        host_of({"server": host})


@pytest.mark.parametrize(
    ("address", "host"),
    [("n07:9290", "n07"), ("n07", "n07"), ("[::1]:9290", "::1"), ("fe80::1", "fe80::1"), ("n07:", "n07")],
)
def test_ports_are_cut(address: str, host: str) -> None:
    assert cut_port(address) == host


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://exporter:9290/ipmi?target=10.1.2.3", "10.1.2.3"),
        ("http://exporter:9290/ipmi?target=10.1.2.3:623&module=x", "10.1.2.3"),
        ("http://exporter/redfish?target=https://bmc7:443/redfish", "bmc7"),
        ("n07:9290/metrics", "n07"),
        ("http://[::1]:9290/metrics", "::1"),
    ],
)
def test_an_exporters_address_names_whom_it_asked(url: str, host: str) -> None:
    assert host_of({"url": url}) == host


def test_an_address_that_is_none_does_not_raise() -> None:
    assert host_of({"url": "http://[", "host": "n1"}) == "n1"
