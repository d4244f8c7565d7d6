"""Why a service's description can not be shown."""

from sidecar.kit.errors import GatewayError


class UnreadableDocumentError(GatewayError):
    """A service's OpenAPI document could not be fetched or read; a stub stands in for it."""

    status = 502
    slug = "unreadable-document"
    title = "A service's API description can not be read"


class PageNotFoundError(GatewayError):
    """The documentation has no such page or file."""

    status = 404
    slug = "page-not-found"
    title = "No such page"
