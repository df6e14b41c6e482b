"""What the command line asks for, and the plan that it makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from agent.config import Config, KafkaConfig, load_config
from agent.errors import ConfigError
from agent.simulate.draw import draw_faults
from agent.simulate.fault_spec import read_fault
from agent.simulate.plan import Layout
from agent.simulate.spans import NOW, read_moment, read_span
from models.twin.plans import FleetPlan

FIRST_DAY = "2026-03-03T06:00:00Z"  # where a recording starts unless told: a Tuesday morning
USUAL_S = 7_200.0
ENDLESS_S = 100 * 365 * 86_400.0
PERIOD_S, STEP_S = (5.0, 3_600.0), 5.0
MAX_SPEED = "max"


@dataclass(frozen=True, slots=True)
class Options:
    """As on the command line; "" where nothing was said."""

    out: Path | None = None
    kafka: str = ""
    topic: str = ""
    config: Path | None = None
    hosts: int = 8
    kinds: str = "2u,1u"
    dialects: Sequence[str] = ("ipmi",)
    start: str = ""
    duration: str = ""
    period: str = "20s"
    seed: int = 0
    run: int = 0
    faults: Sequence[str] = ()
    drawn: int = 0
    with_confounders: bool = True
    speed: str = ""
    truth: Path | None = None
    topology: Path | None = None

    @property
    def is_live(self) -> bool:
        """Whether it goes to Kafka."""
        return bool(self.kafka)

    @property
    def is_endless(self) -> bool:
        """Whether it runs until somebody stops it."""
        return self.is_live and not self.duration


def check_destination(options: Options) -> None:
    """Refuse what does not go together.

    Raises:
        ConfigError: not exactly one of a file and Kafka is there, or an option of the other one is.
    """
    if options.is_live == (options.out is not None):
        got = "both" if options.is_live else "neither"
        raise ConfigError(f"simulate: got {got} of --out and --kafka; expected one: a FILE or BROKERS")
    for name, is_given in (("--topic", options.topic), ("--config", options.config)):
        if is_given and not options.is_live:
            raise ConfigError(f"simulate: {name} goes with --kafka; expected it without --out")


def plan_of(options: Options, layout: Layout) -> FleetPlan:
    """The plan with all its episodes, those that are drawn and those that are named.

    Raises:
        ConfigError: an option cannot be read, or there is no time for as many faults.
    """
    usual_start = NOW if options.is_live else FIRST_DAY
    duration_s = read_span(options.duration, "--duration") if options.duration else USUAL_S
    period_s = read_span(options.period, "--period")
    if not PERIOD_S[0] <= period_s <= PERIOD_S[1]:
        raise ConfigError(f"simulate: --period is {options.period!r}; expected 5s to 1h")
    if duration_s < period_s:
        raise ConfigError(f"simulate: --duration is {options.duration!r}; expected {options.period} or more")
    plan = FleetPlan(
        layout.hosts,
        start_s=read_moment(options.start or usual_start, "--start"),
        duration_s=ENDLESS_S if options.is_endless else duration_s,
        period_s=period_s,
        step_s=period_s / max(round(period_s / STEP_S), 1),
        seed=options.seed,
        run=options.run,
        site=layout.site,
    )
    drawn = draw_faults(options.drawn, plan, duration_s, options.seed, options.with_confounders)
    named = [read_fault(spec, plan) for spec in options.faults]
    return replace(plan, episodes=tuple(sorted((*named, *drawn), key=lambda episode: episode.start_s)))


def speed_of(options: Options) -> float:
    """Simulated seconds a second; 0 is as fast as it goes.

    Raises:
        ConfigError: it is no number of 0 or more, nor `max`.
    """
    text = options.speed or ("1" if options.is_live else MAX_SPEED)
    if text == MAX_SPEED:
        return 0.0
    try:
        speed = float(text)
    except ValueError:
        speed = -1.0
    if not 0 <= speed < float("inf"):
        raise ConfigError(f"simulate: --speed is {text!r}; expected max, or a number such as 1 or 60")
    return speed


def kafka_config(options: Options) -> tuple[Config, str]:
    """The config with the brokers that were named, and the topic to write.

    Raises:
        ConfigError: the config or the brokers are wrong.
    """
    config = load_config(options.config) if options.config else Config.default()
    brokers = tuple(broker.strip() for broker in options.kafka.split(",") if broker.strip())
    topic = options.topic or config.kafka.topics[0]
    try:
        KafkaConfig(brokers=brokers or ("",))
    except ValidationError:
        expected = "HOST:PORT, or several with commas between"
        raise ConfigError(f"simulate: --kafka is {options.kafka!r}; expected {expected}") from None
    try:
        KafkaConfig(topics=(topic,), dead_letter_topic="")
    except ValidationError:
        raise ConfigError(f"simulate: --topic is {topic!r}; expected a topic's name") from None
    return config.model_copy(update={"kafka": config.kafka.model_copy(update={"brokers": brokers})}), topic
