"""What InfluxDB answers to a query, as rows; the answers are as a real one gives them."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.config import InfluxConfig
from agent.sink.flux import InfluxError, flux_text, read_rows

TWO_TABLES = (
    "#datatype,string,long,dateTime:RFC3339,string,double,string\r\n"
    ",result,table,_time,host,score,actions\r\n"
    ',,0,2026-01-01T00:00:00.5Z,n01,0.25,"Look at it\n""now"", please"\r\n'
    "\r\n"
    "#datatype,string,long,dateTime:RFC3339,string,string\r\n"
    ",result,table,_time,host,state\r\n"
    ",,1,2026-01-01T00:00:01Z,n02,open\r\n"
    ",,1,2026-01-01T00:00:02Z,n02,\r\n"
    "\r\n"
)
ERROR_LATER = "#datatype,string,string\r\n,error,reference\r\n,memory allocation limit reached,897\r\n"


class Answer(http.server.BaseHTTPRequestHandler):
    status, body = 200, ""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.body.encode())

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def answering(folder: Path, status: int, body: str) -> Iterator[InfluxConfig]:
    """A server of one answer, and the settings that reach it."""
    (folder / "token").write_text("secret-token")
    (folder / "token").chmod(0o600)
    handler = type("Once", (Answer,), {"status": status, "body": body})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        yield InfluxConfig.model_validate({"url": url, "token_file": str(folder / "token"), "timeout_s": 5.0})
        server.shutdown()


def test_each_table_has_its_own_columns_and_texts_keep_their_lines(tmp_path: Path) -> None:
    with answering(tmp_path, 200, TWO_TABLES) as config:
        first, second, third = read_rows(config, "q")
    assert (first["host"], first["score"], first["actions"]) == ("n01", 0.25, 'Look at it\n"now", please')
    assert (second["state"], third["state"]) == ("open", "")
    assert "score" not in second


def test_an_empty_answer_has_no_rows(tmp_path: Path) -> None:
    with answering(tmp_path, 200, "\r\n") as config:
        assert read_rows(config, "q") == []


@pytest.mark.parametrize(
    ("status", "body", "says"),
    [
        (200, ERROR_LATER, "memory allocation limit reached"),
        (
            401,
            '{"code":"unauthorized","message":"unauthorized access"}',
            "401 to a query: unauthorized access",
        ),
        (404, '{"code":"not found","message":"bucket not found"}', "bucket not found"),
        (502, "<html>bad gateway</html>", "502"),
    ],
)
def test_what_went_wrong_is_said_in_a_line_without_the_token(
    tmp_path: Path, status: int, body: str, says: str
) -> None:
    with answering(tmp_path, status, body) as config, pytest.raises(InfluxError) as caught:
        read_rows(config, "q")
    assert says in str(caught.value)
    assert "secret" not in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_nobody_there_is_said_in_a_line(tmp_path: Path) -> None:
    with answering(tmp_path, 200, "") as config:
        pass
    with pytest.raises(InfluxError, match="gives no answer"):
        read_rows(config, "q")


def test_a_name_cannot_end_its_literal() -> None:
    assert flux_text('n"01${x}\\\n') == '"n\\"01\\${x}\\\\\\n"'
