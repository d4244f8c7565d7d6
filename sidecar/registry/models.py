"""What a service tells the gateway about itself, and what the gateway keeps of it."""

import json
import re
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, JsonValue, StringConstraints, model_validator

from sidecar.kit.addresses import as_address, is_host_name
from sidecar.kit.values import Flag, Json, JsonObject, Value, Whole
from sidecar.registry.address import BaseUrl, clean_path, document_url, parse_base_url
from sidecar.registry.policies.models import Policies

NAME_PATTERN = r"^[a-z][a-z0-9-]{0,62}$"
PRESET_PATTERN = r"^[a-z][a-z0-9-]{0,62}$"
INSTANCE_PATTERN = r"^[A-Za-z0-9._-]{1,64}$"
RESERVED = frozenset(
    {"gateway", "docs", "openapi.json", "openapi.yaml", "ws", "mcp", "v1", "metrics", "problems"}
)
# Where null says something: a lease that never ends.
_NULLABLE = frozenset({"ttl_seconds"})
MAX_DOCUMENT_BYTES = 5 * 1024 * 1024
_MAX_METADATA_BYTES = 16 * 1024
_MAX_PREFIX = 255
# A path of a route: the characters of RFC 3986 section 3.3 without percent-encoding, and names in
# braces.
_ROUTE_SEGMENT = re.compile(r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|\{[A-Za-z_][A-Za-z0-9_]{0,63}\})+")

Expose = Literal["all", "routes", "none"]
Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def _prefix(value: str) -> str:
    if value == "/":
        return value
    if not value.startswith("/"):
        raise ValueError("must begin with '/'")
    return clean_path(value)


def _instance_id(value: str) -> str:
    if value in {".", ".."}:
        # The edge cleans paths: `…/instances/..` is the service itself.
        raise ValueError("must not be '.' or '..'")
    return value


def _host_name(value: str) -> str:
    host = value.lower()
    if as_address(host) is not None or not is_host_name(host) or "_" in host:
        raise ValueError(
            "must be one exact host name, such as api.example.com (punycode if need be)"
        )
    return host


def _route_path(value: str) -> str:
    segments = value.split("/")
    if segments[0] or any(
        part in {".", ".."} or not _ROUTE_SEGMENT.fullmatch(part) for part in segments[1:]
    ):
        raise ValueError("must be a path such as /tasks/{id}, with no empty segment and no '..'")
    return value


def _check_path(value: str) -> str:
    return value if value == "/" else clean_path(value)


def _small(value: dict[str, JsonValue]) -> dict[str, JsonValue]:
    if len(json.dumps(value)) > _MAX_METADATA_BYTES:
        raise ValueError(f"must be at most {_MAX_METADATA_BYTES} bytes of JSON")
    return value


def _description_document(value: dict[str, JsonValue]) -> dict[str, JsonValue]:
    if not str(value.get("openapi", "")).startswith("3."):
        raise ValueError("must be an OpenAPI 3.x document: its 'openapi' field says '3.…'")
    if len(json.dumps(value)) > MAX_DOCUMENT_BYTES:
        raise ValueError(f"must be at most {MAX_DOCUMENT_BYTES} bytes; give openapi_url instead")
    return value


Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
InstanceId = Annotated[
    str, StringConstraints(pattern=INSTANCE_PATTERN), AfterValidator(_instance_id)
]
Prefix = Annotated[str, Field(max_length=_MAX_PREFIX), AfterValidator(_prefix)]
HostName = Annotated[str, Field(max_length=253), AfterValidator(_host_name)]
RoutePath = Annotated[str, Field(max_length=512), AfterValidator(_route_path)]
CheckPath = Annotated[str, Field(max_length=512, pattern="^/"), AfterValidator(_check_path)]
BaseUrlText = Annotated[str, AfterValidator(lambda text: str(parse_base_url(text)))]
PresetName = Annotated[str, StringConstraints(pattern=PRESET_PATTERN)]
Tag = Annotated[str, Field(min_length=1, max_length=64)]


class HealthCheck(Value):
    """Where an instance says that it is well; 2xx and 3xx answers mean yes."""

    path: CheckPath = Field(description="Relative to `base_url`, such as `/health`.")
    interval_seconds: Whole = Field(10, ge=1, le=3600)
    timeout_seconds: Whole = Field(2, ge=1, le=60)

    @model_validator(mode="after")
    def _in_time(self) -> Self:
        if self.timeout_seconds > self.interval_seconds:
            raise ValueError("timeout_seconds must not be longer than interval_seconds")
        return self


class Route(Value):
    """One operation, for services without an OpenAPI document or with a part of it exposed."""

    path: RoutePath = Field(description="Below the prefix; may have `{parameters}`.")
    methods: list[Method] = Field(["GET"], min_length=1, max_length=7)
    summary: str = Field("", max_length=200)
    description: str = Field("", max_length=10_000)
    request_schema: JsonObject | None = None
    response_schema: JsonObject | None = None
    request_example: Json = None
    response_example: Json = None


def _default_prefix(given: dict[str, Any]) -> str:
    # A name that was refused is not there; it is complained of once, and not again as a prefix.
    return "/" if given.get("host") else f"/{given.get('name', 'unnamed')}"


def _default_instance(given: dict[str, Any]) -> str:
    address = given.get("base_url")
    return parse_base_url(address).slug if address else "unknown"


class ServiceTerms(Value):
    """What belongs to a service and not to one of its instances."""

    name: Name = Field(description="The service's name: lower-case letters, digits and hyphens.")
    host: HostName | None = Field(None, description="One exact host name it is reached under.")
    prefix: Prefix = Field(
        default_factory=_default_prefix,
        description="Where it is reached; `/{name}` by default, or `/` with a `host`.",
    )
    strip_prefix: Flag = Field(
        default=True, description="Whether instances see paths without the prefix."
    )
    health: HealthCheck | None = None
    openapi_url: str | None = Field(
        None, max_length=2048, description="Relative to `base_url` + `/`; same origin only."
    )
    routes: list[Route] = Field([], max_length=500)
    expose: Expose = Field("all", description="`all`, `routes` (only those) or `none`.")
    preset: PresetName | None = Field(
        None, description="A named set of policies; those in `policies` go on top of it."
    )
    policies: Policies = Field(default_factory=lambda: Policies.model_validate({}))
    backup_for: list[Name] = Field(
        [], max_length=50, description="Services of other keys that may send requests here."
    )
    description: str = Field("", max_length=10_000)
    tags: list[Tag] = Field([], max_length=32)
    metadata: Annotated[JsonObject, AfterValidator(_small)] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _defaults(cls, data: Any) -> Any:
        """Take `null` for "not given" where it says nothing else; see what `expose` follows."""
        if not isinstance(data, dict):
            return data
        optional = cls.model_fields.keys() - _NULLABLE
        filled = {
            key: item for key, item in data.items() if item is not None or key not in optional
        }
        if "expose" not in filled:
            documented = filled.get("openapi_url") or filled.get("openapi")
            filled["expose"] = "routes" if filled.get("routes") and not documented else "all"
        return filled

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.name == "gateway" or self.name.startswith("gateway-"):
            raise ValueError("name: 'gateway' and 'gateway-…' are the gateway's own")
        if self.host is None and self.prefix == "/":
            raise ValueError("prefix: '/' needs a host of its own")
        if self.host is None and self.prefix.split("/")[1].lower() in RESERVED:
            raise ValueError(f"prefix: must not begin with one of {', '.join(sorted(RESERVED))}")
        if self.expose == "routes" and not self.routes:
            raise ValueError("expose: 'routes' needs routes")
        return self

    @property
    def terms(self) -> "ServiceTerms":
        """These fields alone, without what is a registration's or a service's."""
        return ServiceTerms.model_construct(
            **{field: getattr(self, field) for field in ServiceTerms.model_fields}
        )


class Registration(ServiceTerms):
    """A request to route a prefix to one instance of a service until its lease ends."""

    base_url: BaseUrlText = Field(description="Where the instance answers, as Traefik reaches it.")
    instance_id: InstanceId = Field(
        default_factory=_default_instance, description="Derived from `base_url` if not given."
    )
    weight: Whole = Field(1, ge=0, le=1000, description="Its share of the requests.")
    ttl_seconds: Whole | None = Field(30, ge=5, le=86400, description="null never ends (admin).")
    version: str = Field("", max_length=100)
    openapi: Annotated[dict[str, JsonValue], AfterValidator(_description_document)] | None = None

    @model_validator(mode="after")
    def _one_description(self) -> Self:
        if self.openapi is not None and self.openapi_url is not None:
            raise ValueError("openapi: give either openapi or openapi_url")
        if self.openapi_url is not None:
            try:
                _ = document_url(parse_base_url(self.base_url), self.openapi_url)
            except ValueError as error:
                raise ValueError(f"openapi_url: {error}") from error
        return self


class Instance(Value):
    """One process or machine that answers for a service."""

    instance_id: InstanceId
    base_url: BaseUrlText
    weight: int
    ttl_seconds: int | None
    version: str
    registered_at: datetime

    @property
    def address(self) -> BaseUrl:
        return parse_base_url(self.base_url)


class Service(ServiceTerms):
    """What is registered under a name: terms, an owner, and instances by their id.

    Its policies are those of its preset and its own in one. There are no instances while another
    service stands in for it (`policies.failover`).
    `document_hash` names the inline OpenAPI document, which is kept beside the service. `consents`
    are the names in `backup_for`, each with the key that held it when it was agreed to: a name that
    changes hands takes no agreement along.
    """

    owner: str
    created_at: datetime
    instances: dict[str, Instance]
    document_hash: str | None = None
    consents: dict[str, str] = Field(default_factory=dict)

    @property
    def base_paths(self) -> set[str]:
        """The paths that stand in the addresses of its instances."""
        return {instance.address.path for instance in self.instances.values()}


def overlaps(first: str, second: str) -> bool:
    """Tell whether one prefix lies inside the other, segment by segment."""
    one, two = (prefix.rstrip("/") + "/" for prefix in (first, second))
    return one.startswith(two) or two.startswith(one)
