"""FHIR R4 at /fhir: batch and transaction, create, update, read, and what the server can do."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from exchange.fhir import known_resource_types
from province_hub.http.capability import NO_RECORDS, capability_statement
from province_hub.http.hub import Hub
from province_hub.http.outcome import bundle_response, fhir_response, single_response
from province_hub.intake.door import TurnedAway, open_bundle, open_resource
from province_hub.store.records import read_record


def fhir_routes(hub: Hub) -> APIRouter:
    """The routes of one hub."""
    routes = APIRouter(prefix="/fhir", tags=["FHIR"])

    @routes.post("", summary="Push a batch or transaction Bundle")
    @routes.post("/", include_in_schema=False)
    async def push(request: Request) -> Response:
        sender, body, arrived_at = hub.sender(request), await hub.body(request), hub.arrived_at()
        return bundle_response(await hub.take_in(lambda: open_bundle(body, sender, arrived_at)))

    @routes.get("/metadata", summary="What this server can do")
    async def metadata() -> Response:
        return fhir_response(capability_statement(hub.settings))

    @routes.post("/{resource_type}", summary="Create by business identifier")
    async def create(resource_type: str, request: Request) -> Response:
        condition = request.headers.get("If-None-Exist", "").removeprefix("?")
        return await _write(request, "POST", resource_type, condition)

    @routes.put("/{resource_type}", summary="Update by business identifier")
    async def conditional_update(resource_type: str, request: Request) -> Response:
        return await _write(request, "PUT", f"{resource_type}?{request.url.query}")

    @routes.put("/{resource_type}/{logical_id}", summary="Update under the node's own prefix")
    async def update(resource_type: str, logical_id: str, request: Request) -> Response:
        return await _write(request, "PUT", f"{resource_type}/{logical_id}")

    @routes.get("/{resource_type}/{logical_id}", summary="Read the current version")
    def read(resource_type: str, logical_id: str) -> Response:
        return _read(hub, resource_type, logical_id, None)

    @routes.get("/{resource_type}/{logical_id}/_history/{version}", summary="Read one version")
    def read_version(resource_type: str, logical_id: str, version: int) -> Response:
        return _read(hub, resource_type, logical_id, version)

    async def _write(request: Request, method: str, url: str, if_none_exist: str = "") -> Response:
        resource_type = url.partition("?")[0].partition("/")[0]
        _check_type(resource_type)
        if resource_type in NO_RECORDS:
            raise TurnedAway(
                422,
                "not-supported",
                f"/fhir/{resource_type}: a {resource_type} is no record. Push a Bundle to /fhir itself.",
            )
        sender, body, arrived_at = hub.sender(request), await hub.body(request), hub.arrived_at()
        if_match = request.headers.get("If-Match", "")
        receipt = await hub.take_in(
            lambda: open_resource(
                body, sender, arrived_at, method=method, url=url, if_none_exist=if_none_exist, if_match=if_match
            )
        )
        return single_response(receipt)

    return routes


def _check_type(resource_type: str) -> None:
    if resource_type not in known_resource_types():
        raise TurnedAway(
            404,
            "not-supported",
            f"/fhir/{resource_type}: found {resource_type!r}, expected a resource type of FHIR R4.",
        )


def _read(hub: Hub, resource_type: str, logical_id: str, version: int | None) -> Response:
    _check_type(resource_type)
    with hub.engine.connect() as connection:
        record = read_record(connection, resource_type, logical_id, version)
    if record is None:
        named = f"{resource_type}/{logical_id}" + (f"/_history/{version}" if version is not None else "")
        raise TurnedAway(404, "not-found", f"{named}: there is no such record.")
    return fhir_response(record.body, headers={"ETag": f'W/"{record.version}"'})
