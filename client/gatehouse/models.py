"""What a service tells the gateway about itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, Required, TypedDict

from gatehouse.policies import Policies

TTL_SECONDS = 30


class Health(TypedDict, total=False):
    """Where and how often the gateway asks an instance whether it is well."""

    path: Required[str]
    """Relative to the base URL, such as `/health`."""
    interval_seconds: float
    timeout_seconds: float


class Route(TypedDict, total=False):
    """One endpoint of a service that has no OpenAPI document."""

    path: Required[str]
    """May hold `{parameters}`."""
    methods: Sequence[str]
    summary: str
    description: str
    request_schema: Mapping[str, Any]
    response_schema: Mapping[str, Any]
    request_example: Any
    response_example: Any


@dataclass(kw_only=True, eq=False)
class Registration:
    """The body of `POST /gateway/register`; the defaults are the gateway's own."""

    name: str = field(kw_only=False)
    """Lower-case letters, digits and hyphens; a letter first; at most 63."""
    base_url: str | None = None
    """Where the gateway reaches this instance, http or https; a path is kept."""
    prefix: str | None = None
    """The path at the edge. Default: `/<name>`, or `/` with a `host`."""
    host: str | None = None
    """An exact host name, for a service that has one to itself."""
    strip_prefix: bool = True
    """Whether the service sees its paths without the prefix."""
    instance_id: str | None = None
    """Default: derived from the base URL by the gateway."""
    weight: int = 1
    """This instance's share of the requests, 0 to 1000."""
    ttl_seconds: float | None = TTL_SECONDS
    """How long a missing heartbeat is forgiven, 5 to 86400. `None` is for ever: it needs the admin
    key, and the registration stays when the service stops."""
    health: Health | str | None = None
    """A path, or a path with its times."""
    openapi_url: str | None = None
    """Relative to the base URL. Default: where the FastAPI application serves it; `""` for none."""
    openapi: Mapping[str, Any] | None = None
    """The document itself, at most 5 MiB."""
    routes: Sequence[Route] | None = None
    """The endpoints, where there is no document. Alone, they are all that the edge lets through."""
    expose: Literal["all", "routes", "none"] | None = None
    version: str | None = None
    description: str | None = None
    tags: Sequence[str] = ()
    metadata: Mapping[str, Any] | None = None
    preset: str | None = None
    """A named set of policies of the gateway's, such as `public`; `policies` go before it."""
    policies: Policies | None = None
    """How the edge protects the service and keeps it alive."""
    backup_for: Sequence[str] = ()
    """Services of other owners that may name this one as their failover, mirror or canary."""

    @property
    def describes_itself(self) -> bool:
        """Whether the caller has said where the documentation comes from."""
        return any(said is not None for said in (self.openapi_url, self.openapi, self.routes))

    def body(self, *, base_url: str, openapi_url: str | None) -> dict[str, Any]:
        """Build the request body: what differs from the gateway's own defaults, and the address."""
        said = {
            each.name: getattr(self, each.name)
            for each in fields(Registration)
            if getattr(self, each.name) != each.default
        }
        if isinstance(self.health, str):
            said["health"] = {"path": self.health}
        document = self.openapi_url if self.describes_itself else openapi_url
        # The gateway resolves the document against the base URL, whose path may be more than `/`.
        said["openapi_url"] = (document or "").lstrip("/") or None
        said |= {"base_url": base_url, "ttl_seconds": self.ttl_seconds}
        return {
            key: value for key, value in said.items() if value is not None or key == "ttl_seconds"
        }
