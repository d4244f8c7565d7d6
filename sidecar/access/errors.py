"""Why somebody may not."""

from sidecar.kit.errors import GatewayError


class UnauthorizedError(GatewayError):
    """No key, or one that the gateway does not know (RFC 9110 section 15.5.2).

    Send `Authorization: Bearer <key>`. `./just token join` prints the key for services; with Docker
    alone it is `docker compose exec -T sidecar gatehouse token join`.
    """

    status = 401
    slug = "unauthorized"
    title = "A key is needed"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": 'Bearer realm="gatehouse"'})


class ForbiddenError(GatewayError):
    """The key is known and does not reach this far."""

    status = 403
    slug = "forbidden"
    title = "This key may not do that"
