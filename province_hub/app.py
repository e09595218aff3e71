"""The hub as an application: wiring only."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from exchange.clock import Clock
from exchange.regions import load_region
from province_hub.http.fhir import fhir_routes
from province_hub.http.hub import Hub
from province_hub.http.outcome import fhir_response, operation_outcome, simple_issue, turned_away
from province_hub.http.reports import control_routes, quarantine_routes, report_routes
from province_hub.intake.commit import AlreadyDecided
from province_hub.intake.door import TurnedAway
from province_hub.intake.quarantine import NoSuchItem, QuarantineError
from province_hub.intake.way import Way
from province_hub.intake.writer import Intake
from province_hub.settings import Settings
from province_hub.store.engine import create_tables, for_writing
from province_hub.store.nodes import register_region, registered_nodes

Handler = Callable[[Request, Exception], Awaitable[Response]]


def make_app(engine: Engine, clock: Clock, settings: Settings) -> FastAPI:
    """A hub over a store: its tables are made, its region's nodes registered.

    Raises RegionError or CodemapError where the region or a dialect of its nodes has an error.
    """
    create_tables(engine)
    with for_writing(engine).begin() as connection:
        register_region(connection, load_region(settings.region))
        nodes = registered_nodes(connection)
    way = Way()
    way.prepare({node.dialect for node in nodes.values()})
    hub = Hub(settings, engine, clock, nodes, Intake(engine, way))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        hub.writer.start()
        hub.ready = True
        yield
        hub.ready = False
        hub.writer.close()
        engine.dispose()

    app = FastAPI(
        title="Provincial hub 省级健康信息平台",
        version=settings.version,
        lifespan=lifespan,
        openapi_url="/openapi.json",
    )
    app.include_router(fhir_routes(hub))
    app.include_router(report_routes(hub))
    app.include_router(quarantine_routes(hub))
    app.include_router(control_routes(hub))
    _add_health(app, hub)
    _add_error_handlers(app)
    return app


def _add_health(app: FastAPI, hub: Hub) -> None:
    @app.get("/health/live", tags=["Health"])
    async def live() -> JSONResponse:
        return JSONResponse({"status": "live"})

    @app.get("/health/ready", tags=["Health"])
    def ready() -> JSONResponse:
        try:
            with hub.engine.connect() as connection:
                connection.execute(text("SELECT 1"))
        except SQLAlchemyError as error:
            return JSONResponse({"status": "store away", "reason": type(error).__name__}, 503)
        return JSONResponse({"status": "ready"} if hub.ready else {"status": "starting"}, 200 if hub.ready else 503)


def _add_error_handlers(app: FastAPI) -> None:
    """Every refusal is an OperationOutcome, wherever it was raised."""

    @app.exception_handler(TurnedAway)
    async def refused(_: Request, outcome: TurnedAway) -> Response:
        return turned_away(outcome)

    @app.exception_handler(NoSuchItem)
    async def no_such_item(_: Request, error: NoSuchItem) -> Response:
        return fhir_response(operation_outcome([simple_issue("not-found", str(error))]), 404)

    @app.exception_handler(QuarantineError)
    @app.exception_handler(AlreadyDecided)
    async def undecidable(_: Request, error: ValueError) -> Response:
        return fhir_response(operation_outcome([simple_issue("conflict", str(error))]), 409)

    @app.exception_handler(RequestValidationError)
    async def bad_parameters(_: Request, error: RequestValidationError) -> Response:
        issues = [
            simple_issue("invalid", f"{'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}.")
            for fault in error.errors()
        ]
        return fhir_response(operation_outcome(issues), 422)

    @app.exception_handler(HTTPException)
    async def not_here(request: Request, error: HTTPException) -> Response:
        sentence = f"{request.method} {request.url.path}: {error.detail}. GET /fhir/metadata says what this hub can do."
        code = "not-found" if error.status_code == 404 else "not-supported"
        return fhir_response(operation_outcome([simple_issue(code, sentence)]), error.status_code)

    @app.exception_handler(Exception)
    async def broken(_: Request, error: Exception) -> Response:
        sentence = f"The hub failed ({type(error).__name__}); nothing of this request was stored. Try again later."
        return fhir_response(operation_outcome([simple_issue("exception", sentence)]), 500)
