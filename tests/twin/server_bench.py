"""A server on a test bench: held under one condition until nothing changes any more."""

from __future__ import annotations

from models.twin.servers import Conditions, ServerKind, Servers

STEP_S = 5.0


class Bench:
    """One server, at 60 % load in air of 24 °C unless told otherwise."""

    def __init__(self, kind: ServerKind, load: float = 0.6, inlet_c: float = 24.0) -> None:
        self.conditions, self.servers = Conditions.healthy(kind, 1), Servers(kind, 1)
        self.conditions.utilization[:], self.conditions.inlet_c[:] = load, inlet_c
        self.peak_c = 0.0
        self.run(3600)

    def run(self, seconds: float) -> Bench:
        self.peak_c = 0.0
        for _ in range(round(seconds / STEP_S)):
            self.servers.advance(self.conditions, STEP_S)
            self.peak_c = max(self.peak_c, float(self.servers.junction_c.max()))
        return self

    @property
    def power_w(self) -> float:
        return float(self.servers.power_w[0])

    @property
    def junction_c(self) -> float:
        return float(self.servers.junction_c.max())

    @property
    def air_rise_k(self) -> float:
        return float(self.servers.exhaust_c[0] - self.conditions.inlet_c[0])

    @property
    def flow_per_duty(self) -> float:
        """κ, as it can be told from outside: power over air's warming, per median speed of turning fans."""
        turning = self.servers.rpm[0][self.servers.rpm[0] > 0]
        return self.power_w / (1187.0 * self.air_rise_k) / float(turning.mean()) * self.servers.kind.rpm_max

    @property
    def resistance_k_w(self) -> list[float]:
        """R̂ of each socket."""
        rise_k = self.servers.junction_c[0] - self.conditions.inlet_c[0]
        return [float(r) for r in rise_k / self.servers.socket_w[0]]

    @property
    def efficiency(self) -> float:
        return float(self.servers.output_w.sum() / self.servers.input_w.sum())
