"""Why somebody may not."""

from sidecar.kit.errors import GatewayError, UnavailableError


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


class KeysNotReadError(UnavailableError):
    """The gateway has just started and has not read its keys yet, so it can not tell."""

    slug = "keys-not-ready"
    title = "The keys are not read yet"


class KeyNotFoundError(GatewayError):
    status = 404
    slug = "key-not-found"
    title = "No such key"


class KeyEndedError(GatewayError):
    """The key was revoked or has expired: make a new one."""

    status = 409
    slug = "key-ended"
    title = "The key has ended"


class LastAdminKeyError(GatewayError):
    """Without a key that has the scope `admin` and no end, nobody could make keys any more."""

    status = 409
    slug = "last-admin-key"
    title = "The last admin key can not be revoked"


class SecretFileError(UnavailableError):
    """The new secret could not be put into the file that holds this key; nothing was changed."""

    slug = "secret-file"
    title = "The file of this key can not be written"


class KeyFileUnwritableError(UnavailableError):
    """The edge's key file can not be written, so the edge goes on with the keys that it has.

    No key is made or rotated then. What was changed before the file turned out so, as a revocation
    is in any case, is kept in the database and takes effect at the edge as soon as the file can be
    written; `detail` says which it is. A key whose secret was not shown for it can be rotated.
    """

    slug = "key-file-unwritable"
    title = "The edge does not have the change yet"
