"""The Litestar application around the parts."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.spec import Components, SecurityScheme
from litestar.plugins.problem_details import ProblemDetailsPlugin
from litestar.types import ASGIApp

from sidecar.access.guards import provide_caller
from sidecar.access.routes import KeyController
from sidecar.gateway import Gateway
from sidecar.kit.health import live, ready
from sidecar.kit.limits import limit_body
from sidecar.kit.problems import PROBLEMS
from sidecar.kit.requests import with_request_id
from sidecar.openapi.actions import Documentation
from sidecar.openapi.pages import Pages
from sidecar.openapi.routes import DocumentationController
from sidecar.registry.routes import RegistryController

MAX_BODY_BYTES = 6 * 1024 * 1024

_OPENAPI = OpenAPIConfig(
    title="Gatehouse",
    version="0.1.0",
    components=Components(
        security_schemes={
            "key": SecurityScheme(
                type="http",
                scheme="bearer",
                description="A key of this gateway; `./just token` prints the admin key.",
            ),
            "apiKey": SecurityScheme(
                type="apiKey",
                name="X-API-Key",
                security_scheme_in="header",
                description="The same key, for services that use `Authorization` themselves.",
            ),
            "password": SecurityScheme(
                type="http", scheme="basic", description="A name and password of one service."
            ),
        }
    ),
    render_plugins=[],
    path="/gateway/own-openapi",
)


def create_app(gateway: Gateway) -> ASGIApp:
    """Make the application with everything around it."""
    return with_request_id(limit_body(create_litestar(gateway), MAX_BODY_BYTES))


def create_litestar(gateway: Gateway) -> Litestar:
    """Make the application; its background loops run while its lifespan does."""

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        async with gateway.running():
            yield

    def hand(value: object) -> Provide:
        return Provide(lambda: value, sync_to_thread=False)

    def own_document() -> dict[str, Any]:
        return app.openapi_schema.to_schema()

    app = Litestar(
        route_handlers=[RegistryController, KeyController, DocumentationController, live, ready],
        dependencies={
            "keys": hand(gateway.keys),
            "registry": hand(gateway.registry),
            "onboarding": hand(gateway.onboarding),
            "presenter": hand(gateway.presenter),
            "readiness": hand(gateway.readiness),
            "documentation": hand(Documentation(gateway.ingest, own_document)),
            "pages": hand(Pages()),
            "caller": Provide(provide_caller, sync_to_thread=False),
        },
        state=State({"keyring": gateway.keyring}),
        lifespan=[lifespan],
        plugins=[ProblemDetailsPlugin(PROBLEMS)],
        openapi_config=_OPENAPI,
        # Litestar would set up logging for the whole process; that is `main`'s to do.
        logging_config=None,
        request_max_body_size=MAX_BODY_BYTES,
    )
    return app
