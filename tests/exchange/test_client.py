"""The client of a hub: what it asks, what it makes of answers, and how refusals and silence are said."""

import json
from datetime import date, datetime

import httpx
import pytest

from exchange.bulletin import Bulletin, BulletinRow, to_json
from exchange.client import HubClient, HubError, HubTime, ReceiptCounts, diagnostics
from exchange.clock import CHINA
from exchange.regions import NodeExpected

HUB = "http://hub.example:8080"
BULLETIN = Bulletin(
    period_from=date(2016, 3, 1),
    period_to=date(2016, 4, 30),
    by="city",
    rows=(BulletinRow(code="320400", name_zh="常州市", name_en="Changzhou", kind="city", records=25516),),
)


class Recorder:
    """A network that gives one answer and keeps what was asked."""

    def __init__(self, answer: httpx.Response | Exception):
        self.answer = answer
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def client_of():
    """Makes clients of a hub that gives one answer, and closes them."""
    clients = []

    def make(answer: httpx.Response | Exception, url: str = HUB) -> tuple[HubClient, Recorder]:
        network = Recorder(answer)
        clients.append(HubClient(url, httpx.MockTransport(network)))
        return clients[-1], network

    yield make
    for client in clients:
        client.close()


def test_a_bundle_is_pushed_as_fhir_json_under_the_node_s_code(client_of):
    client, network = client_of(httpx.Response(200, json={"resourceType": "Bundle"}))
    answer = client.push('{"resourceType":"Bundle","name":"溧阳"}'.encode(), "320481")
    (request,) = network.requests
    assert (request.method, str(request.url)) == ("POST", f"{HUB}/fhir")
    assert request.headers["Content-Type"] == "application/fhir+json; charset=utf-8"
    assert request.headers["X-Node"] == "320481"
    assert request.content == '{"resourceType":"Bundle","name":"溧阳"}'.encode()
    assert answer.json() == {"resourceType": "Bundle"}


@pytest.mark.parametrize("status", [400, 403, 413, 500, 503])
def test_whatever_the_hub_answers_to_a_push_is_returned(client_of, status):
    client, _ = client_of(httpx.Response(status))
    assert client.push(b"{}", "320481").status_code == status


def test_silence_after_a_push_is_left_to_the_sender_to_retry(client_of):
    client, _ = client_of(httpx.ConnectError("Connection refused"))
    with pytest.raises(httpx.TransportError):
        client.push(b"{}", "320481")


@pytest.mark.parametrize(("answer", "ready"), [(200, True), (503, False), (404, False)])
def test_a_hub_is_ready_when_it_says_so(client_of, answer, ready):
    client, network = client_of(httpx.Response(answer))
    assert client.is_ready() is ready
    assert network.requests[0].url.path == "/health/ready"


def test_a_hub_that_is_not_there_is_not_ready(client_of):
    client, _ = client_of(httpx.ConnectError("Connection refused"))
    assert client.is_ready() is False


def test_the_hub_s_time_is_read_with_its_zone(client_of):
    client, network = client_of(httpx.Response(200, json={"now": "2016-02-29T22:00:00+08:00", "simulated": True}))
    assert client.time() == HubTime(datetime(2016, 2, 29, 22, tzinfo=CHINA), simulated=True)
    assert network.requests[0].url.path == "/api/clock"


def test_the_time_is_set_with_its_zone(client_of):
    client, network = client_of(httpx.Response(200, json={"now": "2016-03-01T22:00:00+08:00"}))
    client.set_time(datetime(2016, 3, 1, 22, tzinfo=CHINA))
    (request,) = network.requests
    assert (request.method, request.url.path) == ("POST", "/api/clock")
    assert json.loads(request.content) == {"now": "2016-03-01T22:00:00+08:00"}


def test_expected_volumes_are_put_as_they_are(client_of):
    client, network = client_of(httpx.Response(200, json={"entered": 1}))
    period = (date(2016, 3, 1), date(2016, 4, 30))
    client.replace_expected_volumes([NodeExpected("320481", "discharge", *period, 19.5, True, "根据人口")])
    (request,) = network.requests
    assert (request.method, request.url.path) == ("PUT", "/api/expected-volumes")
    (volume,) = json.loads(request.content)
    assert (volume["node"], volume["valid_to"], volume["expected"]) == ("320481", "2016-04-30", 19.5)


def test_a_bulletin_is_asked_for_by_period_and_read_whole(client_of):
    client, network = client_of(httpx.Response(200, content=to_json(BULLETIN)))
    assert client.bulletin(date(2016, 3, 1), date(2016, 4, 30), "city") == BULLETIN
    client.bulletin(date(2016, 3, 1), date(2016, 4, 30), "hospital", as_of=date(2016, 4, 15))
    first, second = (dict(request.url.params) for request in network.requests)
    assert first == {"from": "2016-03-01", "to": "2016-04-30", "by": "city"}
    assert second == {"from": "2016-03-01", "to": "2016-04-30", "by": "hospital", "as_of": "2016-04-15"}


def test_the_counts_of_a_receipt_are_read_and_the_rest_is_left(client_of):
    receipt = {"submission": "7", "submitted": 6, "new": 3, "updated": 1, "repeated": 1, "refused": 1, "usable": 4,
               "entries": []}  # fmt: skip
    client, network = client_of(httpx.Response(200, json=receipt))
    assert client.receipt("7") == ReceiptCounts(submitted=6, new=3, updated=1, repeated=1, refused=1, usable=4)
    assert network.requests[0].url.path == "/api/submissions/7"


def test_a_refusal_names_the_request_the_status_and_what_the_hub_said(client_of):
    outcome = {"resourceType": "OperationOutcome", "issue": [
        {"severity": "error", "code": "business-rule", "diagnostics": "This hub tells real time."},
        {"severity": "error", "code": "business-rule", "diagnostics": "Start another."},
    ]}  # fmt: skip
    client, _ = client_of(httpx.Response(409, json=outcome))
    with pytest.raises(HubError) as refusal:
        client.set_time(datetime(2016, 3, 1, tzinfo=CHINA))
    assert str(refusal.value) == f"POST {HUB}/api/clock: 409 This hub tells real time. Start another."


@pytest.mark.parametrize(
    "error", [httpx.ConnectError("Connection refused"), httpx.ReadTimeout("timed out"), httpx.ReadError("broken")]
)
def test_silence_names_the_request_and_asks_whether_a_hub_is_there(client_of, error):
    client, _ = client_of(error)
    with pytest.raises(HubError, match=rf"^GET {HUB}/api/clock: no answer \({error}\); is a hub running there\?$"):
        client.time()


def test_an_address_may_end_in_a_slash(client_of):
    client, network = client_of(httpx.Response(200), url=f"{HUB}/")
    assert client.url == HUB
    client.is_ready()
    assert str(network.requests[0].url) == f"{HUB}/health/ready"


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (httpx.Response(500, text="Internal Server Error"), "Internal Server Error"),
        (httpx.Response(502, text="<html>" + "x" * 1000), "<html>" + "x" * 194),
        (httpx.Response(400, json={"issue": [{"severity": "error"}]}), '{"issue":[{"severity":"error"}]}'),
        (httpx.Response(400, json=["issue"]), '["issue"]'),
        (httpx.Response(400, json={"issue": None}), '{"issue":null}'),
        (httpx.Response(422, json={"issue": [{"diagnostics": "超过上限。"}]}), "超过上限。"),
    ],
)
def test_what_an_answer_says_is_its_diagnostics_or_its_beginning(answer, said):
    assert diagnostics(answer) == said


def test_a_client_closes_what_it_opened():
    with HubClient(HUB, httpx.MockTransport(lambda _: httpx.Response(200))) as client:
        assert client.is_ready()
    with pytest.raises(RuntimeError, match="closed"):
        client.is_ready()
