"""What takes the heat out of the house: chilled water, chillers, pumps, tower; or a compressor a unit.

coils ─► chilled water ─► chillers ─► condenser water ─► tower ─► wet-bulb air
                └─── heat exchanger, where it is cold outside ───┘

The chiller is EnergyPlus' electric one: capacity and power follow from water temperatures and part load.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

WATER_J_M3K = 4.186e6
WATER_M3_PER_W = 8.0 / 180_000.0  # of chilled water, with its buffer tank, for the design load
CHILLER_MARGIN = 1.25  # of capacity over the design load
RATED_COP = 3.0
DESIGN_CONDENSER_C, DESIGN_CHILLED_C, RISE_COEFFICIENT = 35.0, 6.67, 2.778
MOST_CAPACITY = 1.1  # of the rated one, however cold the water: the compressor's motor ends there
WARMEST_LIFT, COLDEST_LIFT = 6.0, -9.0  # where the curves end
ANSWER_S, RECOVERY_S = 120.0, 300.0  # the chillers' own lag, and in which they make a wrong temperature good
TOWER_APPROACH_K, TOWER_RANGE_K, COLDEST_CONDENSER_C = 3.0, 4.0, 16.0
TOWER_W_PER_W, PUMP_RISE_K = 0.012, 6.0
FREE_APPROACH_K = 6.0  # of chilled water over wet-bulb air, through tower and heat exchanger alone
PUMP_PA, PUMP_EFFICIENCY = 3.0e5, 0.87
EVAPORATOR_C, CARNOT_SHARE, COLDEST_CONDENSING_C = 8.0, 0.5, 30.0  # of a compressor in a cooling unit
CONDENSING_ABOVE_K = 15.0  # over outside air


def capacity_ratio(condenser_c: float, chilled_c: float) -> float:
    """Capacity against the rated one, from the water that enters the condenser and leaves the evaporator."""
    lift = (condenser_c - DESIGN_CONDENSER_C) / RISE_COEFFICIENT - (chilled_c - DESIGN_CHILLED_C)
    lift = min(max(lift, COLDEST_LIFT), WARMEST_LIFT)
    return 0.944836 - 0.0570088 * lift + 0.00185486 * lift * lift


def chiller_w(heat_w: float, capacity_w: float, ratio: float) -> float:
    """Power drawn for `heat_w` out of a present capacity `capacity_w`, which is `ratio` of the rated one."""
    if heat_w <= 0 or capacity_w <= 0:
        return 0.0
    part_load = min(heat_w / capacity_w, 1.0)
    at_full = 2.333 - 1.975 * ratio + 0.6121 * ratio * ratio
    share = 0.03303 + 0.6852 * part_load + 0.2818 * part_load * part_load
    return share * at_full * capacity_w / RATED_COP


def free_share(return_c: float, wet_c: float) -> float:
    """How much of the heat in chilled water that returns the outside air takes, without a chiller: 0 to 1."""
    return min(max((return_c - wet_c - FREE_APPROACH_K) / PUMP_RISE_K, 0.0), 1.0)


def pump_w(heat_w: float) -> float:
    """Power of the pumps that carry this heat in water that warms by 6 K."""
    return PUMP_PA * heat_w / (WATER_J_M3K * PUMP_RISE_K) / PUMP_EFFICIENCY


def compressor_cop(dry_c: float) -> float:
    """Heat removed for each W by a cooling unit's own compressor, in this weather."""
    condensing_c = max(dry_c + CONDENSING_ABOVE_K, COLDEST_CONDENSING_C)
    return CARNOT_SHARE * (EVAPORATOR_C + 273.15) / (condensing_c - EVAPORATOR_C)


@dataclass(frozen=True, slots=True)
class ChillerPower:
    """What the plant draws, in W."""

    chillers_w: float = 0.0
    pumps_w: float = 0.0
    tower_w: float = 0.0


class ChilledWater:
    """The loop of a site: one temperature, and chillers that hold it."""

    def __init__(self, design_w: float, set_point_c: float, start_w: float, is_free: bool = True) -> None:
        """`is_free`: cold air outside cools the water without a chiller."""
        self.set_point_c, self.supply_c = set_point_c, set_point_c
        self.water_j_k = WATER_J_M3K * WATER_M3_PER_W * design_w
        self.rated_w = CHILLER_MARGIN * design_w
        self.removed_w, self._is_free = start_w, is_free
        self.power = ChillerPower()

    def advance(self, step_s: float, load_w: float, share: float, wet_c: float) -> None:
        """One step; `load_w` is what the coils give to the water, `share` what is left of the chillers."""
        busy = self.removed_w / self.rated_w
        condenser_c = max(wet_c + TOWER_APPROACH_K + TOWER_RANGE_K * busy, COLDEST_CONDENSER_C)
        ratio = capacity_ratio(condenser_c, self.supply_c)
        capacity_w = self.rated_w * min(ratio, MOST_CAPACITY) * share
        wanted_w = load_w + self.water_j_k * (self.supply_c - self.set_point_c) / RECOVERY_S
        follows = -math.expm1(-step_s / ANSWER_S)
        self.removed_w += (max(wanted_w, 0.0) - self.removed_w) * follows
        self.removed_w = min(self.removed_w, capacity_w)
        self.supply_c += (load_w - self.removed_w) / self.water_j_k * step_s
        free = free_share(self.supply_c + PUMP_RISE_K, wet_c) if self._is_free else 0.0
        self.power = ChillerPower(
            chillers_w=chiller_w(self.removed_w * (1 - free), capacity_w, ratio),
            pumps_w=pump_w(load_w) + pump_w(self.removed_w),
            tower_w=TOWER_W_PER_W * self.rated_w * busy**3,
        )
