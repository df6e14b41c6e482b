"""Prints how many messages and readings a second the decoder takes in, for every dialect.

    python tests/benchmarks/bench_decode.py [seconds a dialect [dialect …]]

Messages are made beforehand; 50 hosts × 20 sensors, and every series has been seen.
"""

from __future__ import annotations

import sys

from agent.bench.decoding import decoding_rate
from agent.bench.dialects import DIALECTS, Size


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    chosen = [make for make in DIALECTS if not sys.argv[2:] or make.__name__ in sys.argv[2:]]
    for make in chosen:
        rate = decoding_rate(make(Size()), seconds)
        sys.stdout.write(
            f"{make.__name__:20} {rate.messages_per_s:10,.0f} messages/s"
            f" {rate.readings_per_s:10,.0f} readings/s {1e6 / rate.readings_per_s:7.2f} µs a reading\n"
        )


if __name__ == "__main__":
    main()
