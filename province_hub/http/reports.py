"""Plain reports at /api: bulletin, nodes, receipts, quarantine; and the controls that a scenario uses."""

import zlib
from datetime import date, datetime
from typing import Annotated, Literal, TypeVar

import msgspec
from fastapi import APIRouter, Query, Request
from sqlalchemy import select
from starlette.responses import Response

from exchange.bulletin import to_json
from exchange.clock import SimulatedClock
from exchange.regions import NodeExpected
from province_hub.http.hub import Hub
from province_hub.intake.door import TurnedAway, check_media_type
from province_hub.intake.quarantine import (
    kept_item,
    list_quarantine,
    reopened,
    withdraw,
)
from province_hub.intake.submission import Submission
from province_hub.ledger.bulletin import By, make_bulletin
from province_hub.ledger.expected import ExpectedVolumeError, replace_expected_volumes
from province_hub.store.engine import for_writing
from province_hub.store.keys import number_of
from province_hub.store.tables import SUBMISSION

T = TypeVar("T")


class _Now(msgspec.Struct, forbid_unknown_fields=True):
    now: Annotated[datetime, msgspec.Meta(tz=True)]


def report_routes(hub: Hub) -> APIRouter:
    """Reports that change nothing."""
    routes = APIRouter(prefix="/api", tags=["Reports"])

    @routes.get("/bulletin", summary="What each city, hospital or node uploaded in a period")
    def bulletin(
        first: Annotated[date, Query(alias="from")],
        last: Annotated[date, Query(alias="to")],
        by: By = "city",
        as_of: date | None = None,
    ) -> Response:
        if last < first:
            raise TurnedAway(422, "invalid", f"to: found {last}, expected a day not before from={first}.")
        with hub.engine.connect() as connection:
            return _json(to_json(make_bulletin(connection, first, last, by, as_of)))

    @routes.get("/nodes", summary="Who may upload")
    async def nodes() -> Response:
        return _json(msgspec.json.encode(list(hub.nodes.values())))

    @routes.get("/submissions/{submission}", summary="The receipt of a submission, again")
    def receipt(submission: str) -> Response:
        key = number_of(submission) or -1
        with hub.engine.connect() as connection:
            kept = connection.execute(select(SUBMISSION.c.receipt).where(SUBMISSION.c.key == key)).scalar()
        if kept is None:
            raise TurnedAway(404, "not-found", f"submissions/{submission}: there is no such submission.")
        return _json(zlib.decompress(kept))

    return routes


def quarantine_routes(hub: Hub) -> APIRouter:
    """What was refused, and what to do with it."""
    routes = APIRouter(prefix="/api/quarantine", tags=["Quarantine"])

    @routes.get("", summary="What waits in quarantine")
    def listed(
        node: str | None = None,
        state: Literal["waiting", "replayed", "withdrawn", "all"] = "waiting",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        after: int = 0,
    ) -> Response:
        with hub.engine.connect() as connection:
            items = list_quarantine(connection, node=node, state=state, limit=limit, after=after)
        return _json(msgspec.json.encode(items))

    @routes.get("/{key}", summary="One item, with what was sent")
    def shown(key: int) -> Response:
        with hub.engine.connect() as connection:
            kept = kept_item(connection, key)
        content = kept.content.decode("utf-8", "replace")
        return _json(
            msgspec.json.encode({"item": kept.item, "method": kept.method, "url": kept.url, "content": content})
        )

    @routes.post("/{key}/replay", summary="Send it through the hub again, as it was or corrected")
    async def replayed(key: int, request: Request) -> Response:
        corrected = await hub.content(request) or None
        if corrected:
            check_media_type(request.headers.get("Content-Type"))
        arrived_at = hub.arrived_at()
        with hub.engine.connect() as connection:
            reopened(connection, key, arrived_at, corrected)  # refuse here what cannot be replayed at all

        def opener() -> Submission:
            with hub.engine.connect() as connection:
                return reopened(connection, key, arrived_at, corrected)

        return _json(msgspec.json.encode(await hub.take_in(opener)))

    @routes.post("/{key}/withdraw", summary="Take it out, without storing it")
    def withdrawn(key: int) -> Response:
        with for_writing(hub.engine).begin() as connection:
            return _json(msgspec.json.encode(withdraw(connection, key, hub.arrived_at())))

    return routes


def control_routes(hub: Hub) -> APIRouter:
    """What a scenario or an operator sets: the simulated day, and expected volumes."""
    routes = APIRouter(prefix="/api", tags=["Control"])

    @routes.get("/clock", summary="The hub's time")
    async def clock() -> Response:
        return _json(msgspec.json.encode({"now": hub.arrived_at(), "simulated": isinstance(hub.clock, SimulatedClock)}))

    @routes.post("/clock", summary="Set the simulated time")
    async def set_clock(request: Request) -> Response:
        if not isinstance(hub.clock, SimulatedClock):
            raise TurnedAway(
                409,
                "business-rule",
                "This hub tells real time. Start one with --clock simulated to set its day.",
            )
        wanted = _decoded(await hub.content(request), _Now)
        try:
            hub.clock.set(wanted.now)
        except ValueError as error:
            raise TurnedAway(409, "business-rule", f"now: {error}.", "now") from error
        return _json(msgspec.json.encode({"now": hub.arrived_at()}))

    @routes.put("/expected-volumes", summary="Replace expected volumes")
    async def expected_volumes(request: Request) -> Response:
        volumes = _decoded(await hub.content(request), list[NodeExpected])
        try:
            with for_writing(hub.engine).begin() as connection:
                entered = replace_expected_volumes(connection, volumes)
        except ExpectedVolumeError as error:
            raise TurnedAway(422, "invalid", f"{error}.") from error
        return _json(msgspec.json.encode({"entered": entered}))

    return routes


def _decoded(body: bytes, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise TurnedAway(422, "invalid", f"The body is not as expected: {error}.") from error


def _json(content: bytes) -> Response:
    return Response(content, media_type="application/json")
