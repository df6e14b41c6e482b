"""One server under one change at a time, against answers that an independent calculation gave beforehand."""

from __future__ import annotations

import numpy as np
import pytest

from models.twin.bench import Bench
from models.twin.servers import ONE_UNIT, TWO_UNITS, Conditions, Hardware, ServerKind, Servers


def about(value: float, share: float = 0.02) -> object:
    return pytest.approx(value, rel=share)


def test_a_2u_server_draws_171_w_idle_and_551_w_at_full_load() -> None:
    idle, busy = Bench(TWO_UNITS, load=0.0), Bench(TWO_UNITS, load=1.0)
    assert idle.power_w == about(171)
    assert busy.power_w == about(551)
    assert idle.air_rise_k == about(5.8)
    assert 0.29 <= float(idle.servers.duty[0]) <= float(busy.servers.duty[0]) <= 0.38


def test_a_kelvin_of_inlet_costs_a_third_of_a_percent_of_power() -> None:
    cool, warm = Bench(TWO_UNITS, inlet_c=24.0), Bench(TWO_UNITS, inlet_c=32.0)
    share_per_k = (warm.power_w / cool.power_w - 1) / 8
    assert 0.0022 < share_per_k < 0.0041


def test_a_healthy_server_has_known_flow_resistance_and_efficiency() -> None:
    healthy = Bench(TWO_UNITS)
    assert healthy.resistance_k_w == [about(0.260), about(0.260)]
    assert healthy.efficiency == about(0.906, 0.003)


def test_a_dead_rotor_warms_the_sockets_and_takes_a_fifth_of_the_flow() -> None:
    bench = Bench(TWO_UNITS)
    before_c, before_flow = bench.junction_c, bench.flow_per_duty
    bench.conditions.fan_gain[0, 2] = 0.0
    bench.run(66)
    assert bench.junction_c - before_c == about(0.63 * 4.2, 0.15)  # its time constant
    bench.run(3600)
    assert bench.servers.rpm[0, 2] == 0.0
    assert bench.junction_c - before_c == about(4.2)
    assert bench.flow_per_duty / before_flow == about(0.785, 0.005)


def test_two_dead_rotors_make_the_controller_turn_the_others_faster() -> None:
    bench = Bench(TWO_UNITS)
    before_c, before_duty = bench.junction_c, float(bench.servers.duty[0])
    bench.conditions.fan_gain[0, :2] = 0.0
    bench.run(3600)
    assert before_duty == about(0.294)
    assert float(bench.servers.duty[0]) == about(0.344)
    assert bench.peak_c - before_c == about(8.0)
    assert bench.junction_c - before_c == about(6.9)


def test_a_fail_safe_controller_raises_all_fans_for_one_dead_rotor() -> None:
    bench = Bench(ONE_UNIT)
    bench.conditions.fan_gain[0, 0] = 0.0
    bench.run(600)
    assert float(bench.servers.duty[0]) == about(0.6)
    assert bench.servers.rpm[0, 0] == 0.0
    assert bench.servers.rpm[0, 1] == about(0.6 * 18_000)


def test_half_the_air_flow_halves_the_flow_per_duty_and_warms_both_sockets() -> None:
    bench = Bench(TWO_UNITS)
    before_c, before_flow = bench.junction_c, bench.flow_per_duty
    bench.conditions.flow_factor[:] = 0.5
    bench.run(3600)
    assert bench.flow_per_duty / before_flow == about(0.5, 0.005)
    assert bench.peak_c - before_c == about(9.0)
    assert float(bench.servers.duty[0]) == about(0.405)
    assert bench.servers.junction_c[0, 0] == bench.servers.junction_c[0, 1]


def test_a_loose_heatsink_warms_its_socket_and_cools_the_other() -> None:
    bench = Bench(TWO_UNITS)
    before_c, before_flow = bench.junction_c, bench.flow_per_duty
    bench.conditions.resistance_factor[0, 0] = 1.6
    bench.run(3600)
    assert bench.peak_c - before_c == about(8.7)
    assert bench.servers.junction_c[0, 1] - before_c == about(-4.7)
    assert bench.resistance_k_w == [about(0.308, 0.015), about(0.226, 0.015)]
    assert bench.flow_per_duty / before_flow == about(1.0, 0.005)


def test_a_lost_supply_doubles_the_other_and_lowers_the_power_drawn() -> None:
    bench = Bench(TWO_UNITS)
    before_w, carried_w = bench.power_w, float(bench.servers.output_w[0, 0])
    bench.conditions.supply_share[0, 1] = 0.0
    bench.run(60)
    assert bench.servers.input_w[0, 1] == 0.0
    assert bench.servers.output_w[0, 0] == about(2 * carried_w)
    assert bench.power_w - before_w == about(-15, 0.05)
    assert bench.efficiency == about(0.939, 0.003)


def test_a_surge_of_work_changes_temperatures_but_neither_flow_nor_efficiency_much() -> None:
    bench = Bench(TWO_UNITS, load=0.3)
    before_c, before_flow = bench.junction_c, bench.flow_per_duty
    bench.conditions.utilization[:] = 0.95
    bench.run(50)
    assert 0.55 < (bench.junction_c - before_c) / 19.0 < 0.75  # 63 % after 50 s
    bench.run(3600)
    assert bench.junction_c - before_c == about(18.5, 0.03)
    assert bench.flow_per_duty / before_flow == about(1.0, 0.005)
    assert bench.efficiency == about(0.914, 0.003)


def test_hot_air_is_no_fault_of_the_server() -> None:
    cool, hot = Bench(TWO_UNITS), Bench(TWO_UNITS, inlet_c=32.0)
    assert hot.flow_per_duty / cool.flow_per_duty == about(1.0, 0.005)
    assert hot.resistance_k_w == [about(0.219), about(0.219)]


def test_without_fans_a_busy_server_throttles_and_at_last_switches_itself_off() -> None:
    bench = Bench(TWO_UNITS, load=1.0)
    before_w = bench.power_w
    bench.conditions.fan_gain[:] = 0.0
    bench.run(120)
    assert 92 < bench.junction_c < 107
    assert float(bench.servers.frequency.min()) < 1.0
    assert bench.power_w < before_w
    bench.run(3600)
    assert not bench.servers.is_on[0]
    assert bench.power_w < 20


def test_a_server_without_any_supply_is_off() -> None:
    bench = Bench(TWO_UNITS)
    bench.conditions.supply_share[:] = 0.0
    bench.run(5)
    assert bench.power_w == 0.0
    assert not bench.servers.rpm.any()


def test_a_step_of_ten_seconds_tells_the_same_as_one_of_one() -> None:
    answers = []
    for step_s in (1.0, 10.0):
        hardware = Hardware.of([TWO_UNITS])
        servers, conditions = Servers(hardware), Conditions.healthy(hardware)
        conditions.utilization[:] = 0.8
        for _ in range(round(300 / step_s)):
            servers.advance(conditions, step_s)
        answers.append(servers.junction_c[0, 0])
    assert answers[0] == pytest.approx(answers[1], abs=0.3)


@pytest.mark.parametrize("kind", [TWO_UNITS, ONE_UNIT], ids=lambda kind: kind.name)
def test_hosts_of_a_group_do_not_disturb_each_other(kind: ServerKind) -> None:
    one, three = Hardware.of([kind]), Hardware.of([kind] * 3)
    alone, group = Servers(one), Servers(three)
    own, all_of_them = Conditions.healthy(one), Conditions.healthy(three)
    own.utilization[:] = all_of_them.utilization[1] = 0.7
    all_of_them.fan_gain[0, 0] = all_of_them.supply_share[2, 0] = 0.0
    for _ in range(200):
        alone.advance(own, 5.0)
        group.advance(all_of_them, 5.0)
    np.testing.assert_allclose(group.junction_c[1], alone.junction_c[0], rtol=1e-12)
    np.testing.assert_allclose(group.power_w[1], alone.power_w[0], rtol=1e-12)
