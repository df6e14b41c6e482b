"""A site's own endpoint: what it is sent, what is made of its answers, and what happens when it "
"gives none."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cases import START_NS, alert, case, incident_of, write_folder

from agent.ask.command import ask, reply_to
from agent.ask.endpoint import EndpointError, complete
from agent.ask.evidence import case_of
from agent.ask.generated import mask_of, tell_evidence, unknown_numbers
from agent.ask.masking import make_mask
from agent.ask.question import understand
from agent.config import Config, load_config
from agent.config_assistant import AssistantConfig
from agent.errors import ConfigError
from agent.findings import Evidence
from agent.notes import Note

Handler = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Endpoint:
    """A stand-in server on this machine; `answer` decides what it does with each request."""

    answer: Handler
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    url: str = ""

    @property
    def sent(self) -> str:
        """All texts of the last request."""
        return "\n".join(message["content"] for message in self.asked[-1]["messages"])


def say(text: str) -> Handler:
    body = {"choices": [{"message": {"role": "assistant", "content": text}}]}
    return lambda request: respond(request, 200, json.dumps(body).encode())


def respond(request: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    request.send_response(status)
    for name, value in headers.items():
        request.send_header(name, value)
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body)


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    stand_in = Endpoint(say("PSU 2 of host-1 delivers 0 W."))

    class Server(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            stand_in.asked.append({"path": self.path, **json.loads(body)})
            stand_in.headers.append(dict(self.headers))
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # who asked has hung up
                stand_in.answer(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    stand_in.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    yield stand_in
    server.shutdown()
    server.server_close()


def settings(endpoint: Endpoint, **more: Any) -> Config:
    assistant = AssistantConfig(url=endpoint.url, model="m-1", **{"timeout_s": 5.0, **more})
    return Config(assistant=assistant)


def reply(config: Config, question: str = "why?", *notes: Note) -> Any:
    of = case(*notes)
    return reply_to(of, understand(question, of.incident.fault, of.sensors), False, config)


# -- what it is sent ---------------------------------------------------------------------------------------


def test_evidence_and_question_go_out_with_names_masked_and_come_back_with_names(endpoint: Endpoint) -> None:
    notes = [Note("r1-n03", "ack", START_NS, "x", by="kim.lee", text="spare at kim's desk, call 555")]
    told = reply(settings(endpoint), "why not the feed of R1-N03 in rack r1, asks 10.1.2.3?", *notes)
    assert told.generated.text == "PSU 2 of r1-n03 delivers 0 W." and told.note == ""
    sent = endpoint.sent.lower()
    for name in ("r1-n03", "rack r1", "kim", "10.1.2.3", "spare at", "555"):
        assert name not in sent, name
    for fact in (
        "psu 2 input power 0 w (expected 135 w)",
        "229 v",
        "2026-01-01 00:00:00 utc",
        "almost certain (95 %)",
    ):
        assert fact in sent, fact
    assert "host-1 in rack rack-a, asks address-1?" in sent
    assert endpoint.asked[0]["path"] == "/v1/chat/completions" and endpoint.asked[0]["model"] == "m-1"


def test_hosts_of_the_inventory_are_masked_even_if_the_incident_does_not_have_them(
    endpoint: Endpoint, tmp_path: Path
) -> None:
    inventory = tmp_path / "topology.csv"
    inventory.write_text("host,rack,zone\nr1-n03,r1,hall-7\nneighbour9,r1,hall-7\n")
    config = settings(endpoint)
    config = config.model_copy(update={"models": config.models.model_copy(update={"topology": inventory})})
    told = reply(config, "why not the room hall-7 beside Neighbour9?")
    assert told.generated is not None
    assert "neighbour9" not in endpoint.sent.lower() and "hall-7" not in endpoint.sent.lower()


def test_the_key_is_read_from_its_file_and_sent_as_a_bearer(endpoint: Endpoint, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("s3cret\n")
    reply(settings(endpoint, key_file=tmp_path / "key"))
    assert endpoint.headers[-1]["Authorization"] == "Bearer s3cret"
    reply(settings(endpoint))
    assert "Authorization" not in endpoint.headers[-1]
    gone = reply(settings(endpoint, key_file=tmp_path / "gone"))
    assert gone.generated is None and "cannot be read" in gone.note and len(endpoint.asked) == 2


def test_nothing_is_sent_unless_a_config_says_so(endpoint: Endpoint) -> None:
    assert reply(Config()).generated is None
    assert reply(settings(endpoint, ask=False)).generated is None
    assert reply(settings(endpoint), "what happened?").generated is None  # the summary has its own switch
    assert endpoint.asked == []
    assert reply(settings(endpoint, rewrite=True), "what happened?").generated is not None


# -- numbers -----------------------------------------------------------------------------------------------


def test_numbers_that_no_evidence_has_are_told(endpoint: Endpoint) -> None:
    endpoint.answer = say(
        "1. PSU2 of host-1 gives 0 W, not 135 W; PSU1 carries 250 W at 61.5 °C (99 %).\n2. Swap it."
    )
    assert reply(settings(endpoint)).generated.unknown == ("61.5", "99")
    told = reply(settings(endpoint), "is it 61.5 °C?").generated
    assert told.unknown == ("61.5", "99")  # what was asked is no evidence


@pytest.mark.parametrize(
    ("answer", "unknown"),
    [
        ("3540 rpm since 06:50:15 on 2026-03-04", []),
        ("host-1 and host-2, rack-A", []),
        ("-4 K and −4 K", []),
        ("about 3,500 rpm", ["3,500"]),
        ("fan3_rpm of CPU1, 温度66", ["66"]),
        ("1) look\n2) swap 7 fans", ["7"]),
    ],
)
def test_a_number_is_known_by_its_value_however_it_is_written(answer: str, unknown: list[str]) -> None:
    evidence = "host-1: 3,540 rpm at 2026-03-04 06:50:15, 4 K"
    mask = make_mask({"host": ["a", "b"], "rack": ["c"]}, ["host a host b rack c"])
    assert unknown_numbers(answer, evidence, mask) == unknown


# -- what goes wrong ---------------------------------------------------------------------------------------


def sleep(_request: BaseHTTPRequestHandler) -> None:
    time.sleep(2)


def drip(request: BaseHTTPRequestHandler) -> None:
    request.send_response(200)
    request.send_header("Content-Length", "1000")
    request.end_headers()
    for _ in range(100):
        request.wfile.write(b" ")
        request.wfile.flush()
        time.sleep(0.05)


def redirect(request: BaseHTTPRequestHandler) -> None:
    respond(request, 307, b"", Location="/v1/elsewhere")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lambda request: respond(request, 500, b"out of memory\nat line 3"), "it answers 500: out of memory"),
        (lambda request: respond(request, 401, b"\x1b[31mno"), "it answers 401: [31mno"),
        (redirect, "it answers 307"),
        (lambda request: respond(request, 200, b"<html>hello"), "its answer is no JSON: <html>hello"),
        (lambda request: respond(request, 200, b"\xff\xfe"), "its answer is no JSON"),
        (lambda request: respond(request, 200, b""), "its answer is no JSON"),
        (lambda request: respond(request, 200, b"[]"), "has no choices"),
        (lambda request: respond(request, 200, b'{"choices": []}'), "has no choices"),
        (
            lambda request: respond(request, 200, b'{"choices": [{"message": {"content": null}}]}'),
            "is no text",
        ),
        (say("  \n "), "is empty"),
        (say("<think>hm, 42"), "is empty"),
        (lambda request: respond(request, 200, b" " * (2 << 20)), "longer than"),
        (lambda request: request.connection.close(), "no answer"),
    ],
)
def test_what_goes_wrong_is_one_line_and_the_offline_answer_stands(
    endpoint: Endpoint, answer: Handler, why: str
) -> None:
    endpoint.answer = answer
    told = reply(settings(endpoint))
    assert told.generated is None and why in told.note and "\n" not in told.note and told.note.isprintable()
    assert told.offline.text.startswith("PSU2 of r1-n03 delivers 0 W while PSU1 carries 250 W")
    assert len(endpoint.asked) == 1


@pytest.mark.parametrize("slow", [sleep, drip])
def test_a_slow_endpoint_is_waited_for_as_long_as_the_config_says_and_no_longer(
    endpoint: Endpoint, slow: Handler
) -> None:
    endpoint.answer = slow
    begin = time.monotonic()
    told = reply(settings(endpoint, timeout_s=0.5))
    assert told.generated is None and "no answer within 0.5 s" in told.note
    assert time.monotonic() - begin < 1.5


def test_an_endpoint_that_is_not_there_is_said_at_once() -> None:
    config = AssistantConfig(url="http://127.0.0.1:9/v1", model="m", timeout_s=2.0)
    with pytest.raises(EndpointError, match="no answer"):
        complete(config, "s", "u")


def test_thoughts_and_control_codes_of_an_answer_are_left_out(endpoint: Endpoint) -> None:
    endpoint.answer = say("<think>r1?\n</think>PSU 2\x1b[2J gives 0 W.\r\n\nSwap it.")
    assert reply(settings(endpoint)).generated.text == "PSU 2[2J gives 0 W.\n\nSwap it."


# -- the command -------------------------------------------------------------------------------------------


def config_file(folder: Path, endpoint: Endpoint) -> Path:
    path = folder / "coldaisle.toml"
    path.write_text(f'[assistant]\nurl = "{endpoint.url}"\nmodel = "m-1"\n')
    return path


def test_a_generated_answer_is_labelled_and_followed_by_what_to_leave_alone(
    endpoint: Endpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    endpoint.answer = say("Pull PSU 1 of host-1, it shows 77 W.")
    incident = write_folder(tmp_path)
    ask(incident, "what should I do first?", config_file(tmp_path, endpoint), tmp_path)
    said = capsys.readouterr().out.splitlines()
    assert said == [
        "Pull PSU 1 of r1-n03, it shows 77 W.",
        "(Generated by m-1 from the evidence; it may be wrong.)",
        "Numbers that no evidence has: 77",
        "Do not touch the working supply, its cord or its feed: the host hangs on it.",
    ]
    ask(incident, "先做什么", config_file(tmp_path, endpoint), tmp_path, as_json=True)
    fields = json.loads(capsys.readouterr().out)
    assert (fields["source"], fields["model"], fields["unknown_numbers"]) == ("generated", "m-1", ["77"])
    assert fields["language"] == "zh" and fields["from_evidence"].startswith("1. ")


def test_offline_means_offline_and_a_failure_is_told_on_standard_error(
    endpoint: Endpoint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    incident, config = write_folder(tmp_path), config_file(tmp_path, endpoint)
    ask(incident, "why not the feed?", config, tmp_path, offline=True)
    assert capsys.readouterr().out == "Not feed loss: PSU 2 input voltage 229 V, expected 230 V.\n"
    assert endpoint.asked == []
    endpoint.answer = lambda request: respond(request, 503, b"busy")
    ask(incident, "why not the feed?", config, tmp_path)
    out, err = capsys.readouterr()
    assert out == "Not feed loss: PSU 2 input voltage 229 V, expected 230 V.\n"
    assert err == "coldaisle: assistant: it answers 503: busy; this is the answer from the evidence alone\n"


def test_a_source_and_its_topic_are_masked_as_places() -> None:
    of = case()
    incident = of.incident
    object.__setattr__(incident, "scope", "stream")
    object.__setattr__(incident, "place", "dc-telemetry/0")
    mask = mask_of(of, [tell_evidence(of), "dc-telemetry/0 and dc-telemetry"])
    assert mask.hide("dc-telemetry/0 and dc-telemetry") == "place-1 and place-2"


def test_the_hosts_that_a_racks_evidence_names_are_masked_and_the_rack_stays_a_rack() -> None:
    rack = alert(host="r4")
    rack.rack, rack.fault, rack.also = "r4", "recirculation", []
    rack.diagnosis = "Warm air comes round to the top of rack r4: hosts there breathe warm air (r4-n09 6 K)."
    rack.evidence = [Evidence("inlet_temp_c of r4-n09", "temperature", "Cel", 30.0, 24.0, "for")]
    of = case_of(incident_of(rack))
    text = tell_evidence(of)
    hidden = mask_of(of, [text]).hide(text)
    assert (
        "r4" not in hidden
        and "top of rack rack-A" in hidden
        and "inlet temperature of host-1 30 °C" in hidden
    )


# -- the config --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ('url = "ftp://x"\nmodel = "m"', "assistant.url is"),
        (
            'url = "http://10.0.0.5:8000/v1"\nmodel = "m"',
            "expected https, or assistant.allow_insecure = true",
        ),
        ('url = "https://me:pw@x/v1"\nmodel = "m"', "expected the secret in key_file or key_env"),
        ('url = "http://127.0.0.1:1/v1"', "assistant.model is"),
        ('url = "http://127.0.0.1:1/v1"\nmodel = "m"\nkey_file = "k"\nkey_env = "K"', "not both"),
        ("timeout_s = 0", "assistant.timeout_s is 0; expected a number of 0.1..600"),
        ('uri = ""', "did you mean url?"),
    ],
)
def test_a_wrong_section_is_refused_before_anything_is_sent(
    tmp_path: Path, lines: str, complaint: str
) -> None:
    path = tmp_path / "coldaisle.toml"
    path.write_text(f"[assistant]\n{lines}\n")
    with pytest.raises(ConfigError, match=complaint) as caught:
        load_config(path)
    assert "pw" not in str(caught.value)


def test_an_endpoint_is_off_by_default_and_a_key_from_the_environment_is_read_when_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert not Config.default().assistant.is_on
    config = AssistantConfig(url="http://127.0.0.1:1", model="m", key_env="SOME_KEY")
    with pytest.raises(ConfigError, match=r"assistant\.key_env"):
        config.read_key()
    monkeypatch.setenv("SOME_KEY", "k")
    assert config.read_key() == "k"
