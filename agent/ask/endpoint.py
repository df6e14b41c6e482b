"""One question to an endpoint that speaks OpenAI's chat completions; whatever goes wrong is one line.

(system, user) ──POST url/chat/completions──► text of the first choice
"""

from __future__ import annotations

import re
import time
from typing import Any

import msgspec
import urllib3

from agent.config_assistant import AssistantConfig
from agent.errors import ColdaisleError

MOST_BYTES = 1 << 20  # of an answer
MOST_CHARS = 4_000  # of its text
MOST_TOKENS = 800
_CHUNK = 65_536
_MAX_REASON_CHARS = 160
_THOUGHTS = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)  # of models that think aloud


class EndpointError(ColdaisleError):
    """The endpoint gave no usable answer; the message is why, in a line."""


def complete(config: AssistantConfig, system: str, user: str) -> str:
    """The endpoint's text, within `timeout_s` all in all.

    Raises:
        EndpointError: no answer in time, a refusal, or nothing usable in it.
        ConfigError: the key cannot be read.
    """
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    key = config.read_key()
    if key:
        if not key.isascii() or not key.isprintable():  # the HTTP library would print it in its error
            raise EndpointError("the key has characters that no key has")
        headers["Authorization"] = f"Bearer {key}"
    ask = {
        "model": config.model,
        "messages": [{"role": "system", "content": system}, {"role": "user", "content": user}],
        "temperature": 0,
        "max_tokens": MOST_TOKENS,
        "stream": False,
    }
    body = _post(config, f"{config.url.rstrip('/')}/chat/completions", headers, msgspec.json.encode(ask))
    return _text(body)


def _post(config: AssistantConfig, url: str, headers: dict[str, str], body: bytes) -> bytes:
    """The body of a 200. Not redirected: the evidence goes where the config says and nowhere else."""
    deadline = time.monotonic() + config.timeout_s
    timeout = urllib3.Timeout(total=config.timeout_s)
    with urllib3.PoolManager(timeout=timeout, retries=False) as pool:
        try:
            answer = pool.request(
                "POST", url, body=body, headers=headers, redirect=False, preload_content=False
            )
            try:
                content = _read(answer, deadline, config.timeout_s)
            finally:
                answer.close()
        except urllib3.exceptions.TimeoutError as error:
            raise EndpointError(f"no answer within {config.timeout_s:g} s") from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise EndpointError(f"no answer: {_line(type(error).__name__)}") from error
    if answer.status != 200:
        raise EndpointError(f"it answers {answer.status}: {_line(content.decode(errors='replace'))}")
    return content


def _read(answer: urllib3.BaseHTTPResponse, deadline: float, timeout_s: float) -> bytes:
    """All of it, unless it drips for too long or does not end."""
    content = bytearray()
    while chunk := answer.read1(_CHUNK):
        content += chunk
        if len(content) > MOST_BYTES:
            raise EndpointError(f"its answer is longer than {MOST_BYTES:,} bytes")
        if time.monotonic() > deadline:
            raise EndpointError(f"no answer within {timeout_s:g} s")
    return bytes(content)


def _text(body: bytes) -> str:
    try:
        told: Any = msgspec.json.decode(body)
        content = told["choices"][0]["message"]["content"]
    except msgspec.DecodeError:
        raise EndpointError(f"its answer is no JSON: {_line(body.decode(errors='replace'))}") from None
    except (KeyError, IndexError, TypeError):
        raise EndpointError("its answer has no choices[0].message.content") from None
    if not isinstance(content, str):
        raise EndpointError("its answer is no text")
    lines = _THOUGHTS.sub("", content).splitlines()
    text = "\n".join("".join(c for c in line if c.isprintable()).rstrip() for line in lines).strip()
    if not text:
        raise EndpointError("its answer is empty")
    return text if len(text) <= MOST_CHARS else f"{text[: MOST_CHARS - 1]}…"


def _line(text: str) -> str:
    lines = text.strip().splitlines() or ["no reason given"]
    return "".join(c for c in lines[0] if c.isprintable())[:_MAX_REASON_CHARS]
