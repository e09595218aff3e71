"""The outbox keeps a bundle until its receipt is in, and tells transient from final."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest

from county_nodes.outbox import Outbox, retry_after

BUNDLE = b'{"resourceType":"Bundle"}'
NUMBER = "320481-20160301-0001"


class Hub:
    """A hub that gives these answers in turn, the last one for ever."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.received: list[bytes] = []
        self._client = httpx.Client(transport=httpx.MockTransport(self._answer), base_url="http://hub")

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.received.append(request.content)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    def send(self, bundle: bytes) -> httpx.Response:
        return self._client.post("/fhir", content=bundle)


@pytest.fixture
def pauses() -> list[float]:
    return []


def test_a_bundle_with_a_receipt_is_let_go(pauses) -> None:
    hub = Hub(httpx.Response(200, content=b"receipt"))
    outbox = Outbox(hub.send, pauses.append)

    delivery = outbox.deliver(NUMBER, BUNDLE)

    assert (delivery.outcome, delivery.attempts, delivery.answer) == ("received", 1, b"receipt")
    assert outbox.kept == ()
    assert pauses == []


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_is_transient_is_tried_again(status: int, pauses) -> None:
    hub = Hub(httpx.Response(status), httpx.Response(status), httpx.Response(200))
    outbox = Outbox(hub.send, pauses.append)

    delivery = outbox.deliver(NUMBER, BUNDLE)

    assert (delivery.outcome, delivery.attempts) == ("received", 3)
    assert hub.received == [BUNDLE] * 3
    assert pauses == [1.0, 2.0]


@pytest.mark.parametrize("error", [httpx.ConnectError("no route"), httpx.ReadTimeout("slow")], ids=["lost", "slow"])
def test_no_answer_is_tried_again(error: Exception, pauses) -> None:
    hub = Hub(error, httpx.Response(200))

    assert Outbox(hub.send, pauses.append).deliver(NUMBER, BUNDLE).attempts == 2


@pytest.mark.parametrize("status", [400, 403, 413, 415, 422, 500])
def test_a_final_answer_is_not_repeated_and_the_bundle_is_kept(status: int, pauses) -> None:
    hub = Hub(httpx.Response(status, content=b"outcome"))
    outbox = Outbox(hub.send, pauses.append)

    delivery = outbox.deliver(NUMBER, BUNDLE)

    assert (delivery.outcome, delivery.status, delivery.answer) == ("refused", status, b"outcome")
    assert str(status) in delivery.problem
    assert len(hub.received) == 1
    assert outbox.kept == (NUMBER,)
    assert outbox.bundle(NUMBER) == BUNDLE


def test_a_hub_that_stays_away_leaves_the_bundle_waiting(pauses) -> None:
    hub = Hub(httpx.ConnectError("no route"))
    outbox = Outbox(hub.send, pauses.append, attempts=4)

    delivery = outbox.deliver(NUMBER, BUNDLE)

    assert (delivery.outcome, delivery.attempts, delivery.status) == ("waiting", 4, None)
    assert "no route" in delivery.problem
    assert pauses == [1.0, 2.0, 4.0]
    hub.answers = [httpx.Response(200)]
    assert [again.outcome for again in outbox.deliver_kept()] == ["received"]
    assert outbox.kept == ()


def test_a_hub_that_stays_busy_is_said_to_be_so(pauses) -> None:
    delivery = Outbox(Hub(httpx.Response(503)).send, pauses.append, attempts=2).deliver(NUMBER, BUNDLE)

    assert (delivery.outcome, delivery.status) == ("waiting", 503)
    assert "503" in delivery.problem


def test_the_hub_says_how_long_to_wait(pauses) -> None:
    busy = httpx.Response(429, headers={"Retry-After": "17"})

    Outbox(Hub(busy, httpx.Response(200)).send, pauses.append).deliver(NUMBER, BUNDLE)

    assert pauses == [17.0]


def test_a_date_to_retry_after_is_taken_against_the_hubs_own_date() -> None:
    answer = httpx.Response(
        503,
        headers={"Date": "Tue, 01 Mar 2016 14:00:00 GMT", "Retry-After": "Tue, 01 Mar 2016 14:00:30 GMT"},
    )

    assert retry_after(answer) == 30.0


@pytest.mark.parametrize("text", ["", "soon", "-3", "Tue, 01 Mar 2016 14:00:30 GMT"])
def test_a_header_that_says_nothing_is_ignored(text: str) -> None:
    assert retry_after(httpx.Response(503, headers={"Retry-After": text})) is None


def test_a_directory_keeps_bundles_beyond_the_process(tmp_path: Path, pauses) -> None:
    Outbox(Hub(httpx.Response(503)).send, pauses.append, attempts=1, directory=tmp_path).deliver(NUMBER, BUNDLE)

    later = Outbox(Hub(httpx.Response(200)).send, pauses.append, directory=tmp_path)

    assert later.kept == (NUMBER,)
    assert [delivery.outcome for delivery in later.deliver_kept()] == ["received"]
    assert list(tmp_path.iterdir()) == []


def test_a_mistake_of_the_caller_is_not_taken_for_the_network(pauses) -> None:
    hub = Hub(httpx.UnsupportedProtocol("no such scheme"))
    outbox = Outbox(hub.send, pauses.append)

    with pytest.raises(httpx.UnsupportedProtocol):
        outbox.deliver(NUMBER, BUNDLE)
    assert outbox.kept == (NUMBER,)
    assert pauses == []


@contextmanager
def hub_on_a_socket(statuses: list[int]) -> Iterator[tuple[str, list[bytes]]]:
    received: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(statuses.pop(0))
            self.send_header("Retry-After", "0")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", received
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def sender(url: str) -> Callable[[bytes], httpx.Response]:
    return lambda bundle: httpx.post(f"{url}/fhir", content=bundle, timeout=2.0)


def test_over_a_real_socket_two_failures_and_then_a_receipt(pauses) -> None:
    with hub_on_a_socket([503, 429, 200]) as (url, received):
        delivery = Outbox(sender(url), pauses.append).deliver(NUMBER, BUNDLE)

    assert (delivery.outcome, delivery.attempts) == ("received", 3)
    assert received == [BUNDLE] * 3


def test_over_a_real_socket_nobody_listens(pauses) -> None:
    with hub_on_a_socket([]) as (url, _):
        pass

    delivery = Outbox(sender(url), pauses.append, attempts=2).deliver(NUMBER, BUNDLE)

    assert delivery.outcome == "waiting"
    assert len(pauses) == 1
