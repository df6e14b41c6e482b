"""How fast the twin is: `python tests/benchmarks/bench_twin.py [servers] [hours]`, one process."""

from __future__ import annotations

import sys

from agent.bench.twin import twin_rate


def main(servers: int = 1_000, hours: float = 1.0) -> None:
    rate = twin_rate(servers, hours * 3_600)
    sys.stdout.write(
        f"{servers} servers, {hours:g} h in {rate.seconds:.1f} s after {rate.started_s:.1f} s before: "
        f"a day in {rate.day_s:.0f} s, {rate.readings / rate.seconds:,.0f} readings/s\n"
    )


if __name__ == "__main__":
    words = [float(word) for word in sys.argv[1:]]
    main(int(words[0]) if words else 1_000, *words[1:2])
