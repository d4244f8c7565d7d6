"""A service's policies as Traefik's middlewares, in the one order that they always have."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sidecar.edge.models import Flow, Tree
from sidecar.registry.models import Service
from sidecar.registry.policies.fields import Policy, SourceCriterion

# With several callers at once the next server in turn may be the dead one again.
_RETRY_ATTEMPTS = 5
# keyauth sets it; two keys may have one consumer name, never one id.
_CONSUMER = "X-Consumer-Id"
# Traefik's own default is the Host header, which callers choose. This one is never there: HTTP
# takes it off before a request has headers, so that all callers are one.
_NOBODY = {"requestHeaderName": "Transfer-Encoding"}


@dataclass(frozen=True)
class SharedLimits:
    """Where Traefik counts for limits that several edges share: a Valkey user that can do no more.

    Traefik shows the password in its API, and it stands in the configuration file.
    """

    endpoint: str
    username: str
    password: str


def middlewares(service: Service, *, servers: int, shared: SharedLimits | None) -> dict[str, Tree]:
    """Answer a service's middlewares by name, outermost first.

    `servers` is how many instances take requests; `shared` is where shared limits are counted.
    """
    return {f"{service.name}.{name}": tree for name, tree in _in_order(service, servers, shared)}


def _in_order(
    service: Service, servers: int, shared: SharedLimits | None
) -> Iterator[tuple[str, Tree]]:
    given = service.policies
    yield from _one("ipAllowList", given.ip_allow_list)
    yield from _one("cors", given.cors, kind="headers")
    yield from _one("headers", given.headers)
    # What does not count consumers stands first: checking passwords is what it shields most.
    limits = dict(_limits(service, shared))
    yield from ((name, tree) for name, (tree, by_consumer) in limits.items() if not by_consumer)
    yield from _one("basicAuth", given.basic_auth)
    yield from _one("keyauth", given.keyauth, lambda tree: _keyauth(service, tree))
    yield from ((name, tree) for name, (tree, by_consumer) in limits.items() if by_consumer)
    for name, settings in (given.plugin or {}).items():
        yield f"plugin-{name}", {"plugin": {name: Flow(settings)}}
    yield from _one("compress", given.compress)
    yield from _one("envelope", given.envelope, _envelope)
    yield from _one("buffering", given.buffering)
    yield from _one("circuitBreaker", given.circuit_breaker)
    if given.retry:
        yield from _one("retry", given.retry)
    elif servers > 1:
        yield "retry", {"retry": {"attempts": _RETRY_ATTEMPTS}}
    if service.strip_prefix and service.prefix != "/":
        yield "strip", {"stripPrefix": {"prefixes": [service.prefix]}}


def _limits(
    service: Service, shared: SharedLimits | None
) -> Iterator[tuple[str, tuple[Tree, bool]]]:
    """Answer the limits by name, each with whether it tells callers by their key."""
    given = service.policies
    for name, tree in _one(
        "rateLimit", given.rate_limit, lambda tree: _rate_limit(service, tree, shared)
    ):
        yield name, (tree, bool(given.effective_criterion.consumer))
    for name, tree in _one("inFlightReq", given.in_flight_req, _in_flight):
        criterion = given.in_flight_req and given.in_flight_req.source_criterion
        yield name, (tree, bool(criterion and criterion.consumer))


def _one(
    name: str,
    policy: Policy | None,
    shape: Callable[[dict[str, Any]], Tree] | None = None,
    *,
    kind: str = "",
) -> Iterator[tuple[str, Tree]]:
    if policy is None:
        return
    tree = policy.model_dump(exclude_none=True)
    yield name, shape(tree) if shape else {kind or name: tree}


def _keyauth(service: Service, tree: dict[str, Any]) -> Tree:
    # A key's prefixes are paths on the gateway's own host names.
    prefix = "" if service.host else service.prefix
    return {"plugin": {"keyauth": {**tree, "service": service.name, "prefix": prefix}}}


def _envelope(tree: dict[str, Any]) -> Tree:
    # Traefik makes a text of every setting of a plugin; as JSON "0" and 0 stay apart.
    return {"plugin": {"envelope": {**tree, "successCode": json.dumps(tree["successCode"])}}}


def _rate_limit(service: Service, tree: dict[str, Any], shared: SharedLimits | None) -> Tree:
    is_shared = tree.pop("shared")
    criterion = _source(service.policies.effective_criterion)
    if is_shared and shared:
        tree["sourceCriterion"] = criterion
        tree["redis"] = {
            "endpoints": [shared.endpoint],
            "username": shared.username,
            "password": shared.password,
        }
        return {"rateLimit": tree}
    tree["sourceCriterion"] = criterion
    return {"plugin": {"ratelimit": {**tree, "name": service.name}}}


def _in_flight(tree: dict[str, Any]) -> Tree:
    given = tree.get("sourceCriterion")
    criterion = _source(SourceCriterion.model_validate(given)) if given else _NOBODY
    return {"inFlightReq": {**tree, "sourceCriterion": criterion}}


def _source(criterion: SourceCriterion) -> Mapping[str, Any]:
    if criterion.consumer:
        return {"requestHeaderName": _CONSUMER}
    tree = criterion.model_dump(exclude_none=True)
    return tree if tree != {"ipStrategy": {}} else {"ipStrategy": {"depth": 0}}
