"""What callers are shown of the registry."""

from datetime import datetime

from pydantic import JsonValue

from sidecar.kit.values import Value
from sidecar.registry.models import Expose, HealthCheck, Route


class LeaseView(Value):
    """How long an instance is kept without a heartbeat; null never ends."""

    ttl_seconds: int | None
    expires_at: datetime | None
    heartbeat_url: str


class RegistrationView(Value):
    """The answer to a registration.

    `live` says that the edge was seen to route to the service, `ready_ms` how long that took.
    """

    name: str
    instance_id: str
    prefix: str
    url: str | None
    docs_url: str
    lease: LeaseView
    live: bool
    ready_ms: float
    generation: str | None
    warnings: list[str]


class InstanceView(Value):
    """One instance; `healthy` is null where no health path was given."""

    instance_id: str
    base_url: str
    weight: int
    version: str
    registered_at: datetime
    healthy: bool | None
    lease: LeaseView


class DocumentationView(Value):
    """How the service's OpenAPI document fares: `ready`, `pending` or `failed`, and why."""

    state: str
    reason: str


class ServiceView(Value):
    """A service with its instances; `rejected` gives the reason where the edge refused it.

    `policies` are those of its preset and its own in one; passwords' hashes are left out.
    """

    name: str
    prefix: str
    host: str | None
    url: str | None
    strip_prefix: bool
    expose: Expose
    owner: str
    health: HealthCheck | None
    openapi_url: str | None
    routes: list[Route]
    description: str
    tags: list[str]
    metadata: dict[str, JsonValue]
    preset: str | None
    policies: dict[str, JsonValue]
    backup_for: list[str]
    created_at: datetime
    rejected: str | None
    warnings: list[str]
    documentation: DocumentationView | None
    instances: list[InstanceView]


class ServiceList(Value):
    """Every service the caller's key may see."""

    services: list[ServiceView]
