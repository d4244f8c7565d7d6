"""All that a registration can say on how its service is protected and kept alive."""

import re
from collections.abc import Collection
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
    model_validator,
)

from sidecar.kit.values import JsonObject
from sidecar.registry.policies.access import BasicAuth, Cors, Headers, IpAllowList, KeyAuth
from sidecar.registry.policies.answers import Envelope
from sidecar.registry.policies.fields import Policy, SourceCriterion
from sidecar.registry.policies.limits import Buffering, Compress, InFlightReq, RateLimit
from sidecar.registry.policies.resilience import (
    Canary,
    CircuitBreaker,
    Failover,
    HealthCheckPolicy,
    Mirror,
    PassiveHealthCheck,
    Retry,
    Sticky,
    Strategy,
    Timeouts,
)

# Traefik's YAML reader takes no key beyond 1024 characters. Over an empty one its file provider
# falls, and stays down until it is started again; one in brackets it takes for a place in a list.
_SETTING = re.compile(r"[\x20-\x5a\x5c\x5e-\x7e]{1,64}")


def _readable(value: JsonObject) -> JsonObject:
    level: list[JsonValue] = [value]
    while level:
        level = [child for item in level for child in _readable_children(item)]
    return value


def _readable_children(item: JsonValue) -> Collection[JsonValue]:
    if isinstance(item, dict):
        if not all(map(_SETTING.fullmatch, item)):
            raise ValueError("names of settings must be 1 to 64 characters of ASCII, no brackets")
        return item.values()
    if isinstance(item, list):
        # Traefik refuses a whole file over a list with anything else in it.
        if len(set(map(type, item))) > 1 or {list, type(None)} & set(map(type, item)):
            raise ValueError("a list must have values of one kind in it, and no null or other list")
        return item
    return ()


PluginName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,62}$")]
PluginSettings = Annotated[JsonObject, AfterValidator(_readable)]


# What a service is sent under such a name opens doors elsewhere.
_TELLING = re.compile(r"auth|cookie|key|token|secret|password|credential", re.IGNORECASE)
_HIDDEN = "…"


class Policies(Policy):
    """Each policy that is given is on. `null` switches off what a preset gave."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"keyauth": {}}]})

    ip_allow_list: IpAllowList | None = None
    cors: Cors | None = None
    headers: Headers | None = None
    basic_auth: BasicAuth | None = None
    keyauth: KeyAuth | None = None
    rate_limit: RateLimit | None = None
    in_flight_req: InFlightReq | None = None
    plugin: dict[PluginName, PluginSettings] | None = Field(
        None, min_length=1, max_length=10, description="Plugins that the gateway's owner allows."
    )
    compress: Compress | None = None
    envelope: Envelope | None = None
    buffering: Buffering | None = None
    circuit_breaker: CircuitBreaker | None = None
    retry: Retry | None = None
    timeouts: Timeouts | None = None
    health_check: HealthCheckPolicy | None = None
    passive_health_check: PassiveHealthCheck | None = None
    strategy: Strategy | None = None
    sticky: Sticky | None = None
    mirror: Mirror | None = None
    canary: Canary | None = None
    failover: Failover | None = None

    @model_validator(mode="after")
    def _agree(self) -> Self:
        for name, limit in (("rateLimit", self.rate_limit), ("inFlightReq", self.in_flight_req)):
            criterion = limit and limit.source_criterion
            if criterion and criterion.consumer and self.keyauth is None:
                raise ValueError(f"{name}.sourceCriterion.consumer: needs keyauth")
        if self.strategy not in {None, "wrr"} and self.canary is not None:
            raise ValueError("canary: shares need the strategy wrr")
        if self.strategy == "hrw" and self.sticky is not None:
            raise ValueError("sticky: goes with any strategy but hrw")
        return self

    @model_serializer(mode="wrap")
    def _given(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if value is not None}

    def over(self, others: "Policies") -> "Policies":
        """Answer these policies on top of others: what is said here, null included, holds."""
        said = {name: getattr(self, name) for name in self.model_fields_set}
        merged = {name: getattr(others, name) for name in type(self).model_fields} | said
        by_alias = {
            str(type(self).model_fields[name].alias): value
            for name, value in merged.items()
            if value is not None
        }
        return Policies.model_validate(by_alias)

    def shown(self) -> dict[str, Any]:
        """Answer the policies as anybody may see them who sees the service."""
        tree = self.model_dump(mode="json", exclude_none=True)
        if self.basic_auth:
            names = [user.partition(":")[0] for user in self.basic_auth.users]
            tree["basicAuth"]["users"] = names
        sent = tree.get("headers", {}).get("customRequestHeaders", {})
        for name in sent:
            sent[name] = _HIDDEN if _TELLING.search(name) else sent[name]
        if self.plugin:
            tree["plugin"] = dict.fromkeys(self.plugin, _HIDDEN)
        return tree

    @property
    def targets(self) -> tuple[str, ...]:
        """The other services that these policies send requests to."""
        return tuple(policy.service for policy in (self.failover, self.mirror) if policy)

    @property
    def effective_criterion(self) -> SourceCriterion:
        """What a rate limit tells callers by: as it says, else the consumer or the address."""
        if self.rate_limit and self.rate_limit.source_criterion:
            return self.rate_limit.source_criterion
        given: dict[str, Any] = {"consumer": True} if self.keyauth else {"ipStrategy": {}}
        return SourceCriterion.model_validate(given)
