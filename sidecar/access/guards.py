"""From an `Authorization` header to a caller, before the body is read."""

from typing import Any, cast

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.types import Guard

from sidecar.access.errors import UnauthorizedError
from sidecar.access.keyring import Keyring
from sidecar.access.models import Caller, Scope

Connection = ASGIConnection[Any, Any, Any, Any]

_HINT = "Send `Authorization: Bearer <key>`; `./just token join` prints one for services."


def requires(*scopes: Scope) -> Guard:
    """Let a request pass whose key has one of the scopes."""

    async def guard(connection: Connection, _: BaseRouteHandler) -> None:
        caller = _identify(connection)
        if not any(caller.may(scope) for scope in scopes):
            caller.require(scopes[0])
        connection.state.caller = caller

    return guard


def provide_caller(request: Connection) -> Caller:
    """Hand the handler whom the guard let in."""
    return cast("Caller", request.state.caller)


def _identify(connection: Connection) -> Caller:
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise UnauthorizedError(f"This needs a key. {_HINT}")
    keyring: Keyring = connection.app.state.keyring
    try:
        return keyring.identify(token.strip())
    except UnauthorizedError as error:
        raise UnauthorizedError(f"{error} {_HINT}") from None
