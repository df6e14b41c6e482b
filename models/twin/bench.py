"""One server on a test bench: held under one condition until nothing changes any more."""

from __future__ import annotations

from models.twin.conditions import Conditions
from models.twin.hardware import Hardware
from models.twin.kinds import ServerKind
from models.twin.servers import AIR_J_PER_M3K, Servers

SETTLE_S = 3_600.0


class Bench:
    """One server exactly as its kind says, at 60 % load in air of 24 °C unless told otherwise."""

    def __init__(
        self, kind: ServerKind, load: float = 0.6, inlet_c: float = 24.0, step_s: float = 5.0
    ) -> None:
        hardware = Hardware.of([kind])
        self.kind, self.step_s = kind, step_s
        self.conditions, self.servers = Conditions.healthy(hardware), Servers(hardware)
        self.conditions.utilization[:] = self.conditions.gpu_load[:] = load
        self.conditions.inlet_c[:] = inlet_c
        self.peak_c = 0.0
        self.run(SETTLE_S)

    def run(self, seconds: float) -> Bench:
        """Let time pass; `peak_c` is then the hottest junction meanwhile."""
        self.peak_c = 0.0
        for _ in range(round(seconds / self.step_s)):
            self.servers.advance(self.conditions, self.step_s)
            self.peak_c = max(self.peak_c, self.junction_c)
        return self

    @property
    def power_w(self) -> float:
        """From the mains."""
        return float(self.servers.power_w[0])

    @property
    def junction_c(self) -> float:
        """Of the hottest socket."""
        return float(self.servers.junction_c.max())

    @property
    def air_rise_k(self) -> float:
        """From inlet to exhaust."""
        return float(self.servers.exhaust_c[0] - self.conditions.inlet_c[0])

    @property
    def flow_per_duty(self) -> float:
        """κ, as it can be told from outside: power over air's warming, per median speed of turning fans."""
        turning = self.servers.speed[0][self.servers.speed[0] > 0]
        return self.power_w / (AIR_J_PER_M3K * self.air_rise_k) / float(turning.mean())

    @property
    def resistance_k_w(self) -> list[float]:
        """R̂ of each socket, from the inlet on."""
        rise_k = self.servers.junction_c[0] - self.conditions.inlet_c[0]
        return [float(r) for r in rise_k / self.servers.socket_w[0]]

    @property
    def efficiency(self) -> float:
        """Of all supplies together."""
        return float(self.servers.output_w.sum() / self.servers.input_w.sum())
