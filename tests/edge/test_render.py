import hashlib
from typing import Any

import pytest
import yaml
from hypothesis import given

from sidecar.edge.render import Fragment, Ways, assemble, owner_of, render
from sidecar.registry.models import Service
from sidecar.registry.policies.rules import standing_in
from tests.factories import a_service, a_service_without_instances, an_instance
from tests.registry.policies.strategies import POLICIES

HEALTH = {"path": "/health", "interval_seconds": 10, "timeout_seconds": 2}
ONE = an_instance("one", base_url="http://10.0.0.1:8000")
TWO = an_instance("two", base_url="http://10.0.0.2:8000")
DRAINED = an_instance("drained", base_url="http://10.0.0.3:8000", weight=0)

PLAIN = """\
# Written by Gatehouse from what is registered: changes made here are lost.
# Routes of your own go into a file beside this one.
http:
  routers:
    "math":
      rule: "Path(`/math`) || PathPrefix(`/math/`)"
      priority: 1020
      service: "math"
      middlewares: ["math.strip"]
      entryPoints: ["edge"]
    "generation.{generation}":
      rule: "Path(`/generation/{generation}`) || PathPrefix(`/generation/{generation}/`)"
      priority: 1
      service: "noop@internal"
      entryPoints: ["admin"]
  middlewares:
    "math.strip":
      "stripPrefix":
        "prefixes": ["/math"]
  services:
    "math":
      loadBalancer:
        servers:
          - url: "http://127.0.0.1:8000"
"""

EVERYTHING = Fragment(
    routers="""\
    "shop":
      rule: "Host(`shop.example`) && ((Method(`GET`) && PathRegexp(`^/api/items/[^/]+$`)) || \
((Method(`GET`) || Method(`POST`)) && Path(`/api/items`)))"
      priority: 1500018
      service: "shop"
      middlewares: ["shop.retry", "shop.strip"]
      entryPoints: ["edge"]
    "shop.closed":
      rule: "Host(`shop.example`) && (Path(`/api`) || PathPrefix(`/api/`))"
      priority: 1500016
      service: "noop@internal"
      middlewares: ["shop.closed"]
      entryPoints: ["edge"]
""",
    middlewares="""\
    "shop.retry":
      "retry":
        "attempts": 5
    "shop.strip":
      "stripPrefix":
        "prefixes": ["/api"]
    "shop.closed":
      "ipAllowList":
        "sourceRange": ["255.255.255.255/32"]
        "rejectStatusCode": 404
""",
    services="""\
    "shop":
      loadBalancer:
        servers:
          - url: "http://10.0.0.1:8000/v2"
            preservePath: true
          - url: "https://10.0.0.2/v2"
            weight: 3
            preservePath: true
        healthCheck:
          "interval": "10s"
          "timeout": "2s"
          "path": "/v2/health"
          "followRedirects": false
""",
)

EMPTY = """\
# Written by Gatehouse from what is registered: changes made here are lost.
# Routes of your own go into a file beside this one.
http:
  routers:
    "generation.{generation}":
      rule: "Path(`/generation/{generation}`) || PathPrefix(`/generation/{generation}/`)"
      priority: 1
      service: "noop@internal"
      entryPoints: ["admin"]
"""


def _servers(fragment: Fragment) -> list[dict[str, Any]]:
    parsed = yaml.safe_load(fragment.services)
    servers: list[dict[str, Any]] = next(iter(parsed.values()))["loadBalancer"]["servers"]
    return servers


def test_one_service_is_this_file() -> None:
    text, generation = assemble({"math": render(a_service())})

    assert text == PLAIN.replace("{generation}", generation)


def test_a_service_with_everything_is_this_part() -> None:
    service = a_service(
        "shop",
        an_instance("one", base_url="http://10.0.0.1:8000/v2"),
        an_instance("two", base_url="https://10.0.0.2/v2", weight=3),
        host="shop.example",
        prefix="/api",
        health=HEALTH,
        routes=[{"path": "/items/{id}"}, {"path": "/items", "methods": ["GET", "POST"]}],
        expose="routes",
    )

    assert render(service) == EVERYTHING


def test_an_empty_registry_leaves_no_empty_map_behind() -> None:
    text, generation = assemble({})

    assert text == EMPTY.replace("{generation}", generation)


def test_a_service_that_is_not_exposed_has_no_way_in_and_may_stand_in_for_others() -> None:
    open_, hidden = render(a_service()), render(a_service(expose="none"))

    assert hidden == Fragment(services=open_.services)


def test_the_order_of_registration_does_not_show() -> None:
    math, other = render(a_service("math")), render(a_service("other"))

    assert assemble({"math": math, "other": other}) == assemble({"other": other, "math": math})


def test_the_generation_is_the_content_without_the_sentinel() -> None:
    text, generation = assemble({"math": render(a_service())})
    lines = text.splitlines(keepends=True)
    # Without the header, and without the five lines of the sentinel.
    body = "".join([*lines[3:10], *lines[15:]])

    assert generation == hashlib.sha256(f"\n{body}".encode()).hexdigest()[:12]


def test_a_note_makes_it_another_generation_of_the_same_routes() -> None:
    text, generation = assemble({})

    noted, other = assemble({}, note="trial 1")

    assert other != generation
    assert noted == text.replace(generation, other)


def test_a_service_without_stripping_or_second_instance_needs_no_middleware() -> None:
    for service in (a_service(strip_prefix=False), a_service(host="a.example")):
        assert render(service).middlewares == ""
        assert "middlewares" not in render(service).routers


def test_failing_instances_are_left_out() -> None:
    fragment = render(a_service("math", ONE, TWO), {"one"})

    assert fragment == render(a_service("math", TWO))


@pytest.mark.parametrize("left_out", [{"one", "two"}, {"one", "two", "drained"}])
def test_where_all_fail_and_another_stands_in_it_takes_everything(left_out: set[str]) -> None:
    policies = {"failover": {"service": "spare"}}
    service = a_service(
        "math",
        an_instance("one"),
        an_instance("two"),
        an_instance("drained", weight=0),
        policies=policies,
    )

    routers = yaml.safe_load(render(service, left_out, {"spare"}).routers)

    assert [(name, router["service"]) for name, router in routers.items()] == [("math", "spare")]


@pytest.mark.parametrize("left_out", [{"one", "two"}, {"one", "two", "drained"}])
def test_where_all_fail_all_stay(left_out: set[str]) -> None:
    service = a_service("math", ONE, TWO, DRAINED)

    assert render(service, left_out) == render(service)


def test_a_drained_instance_alone_does_not_replace_a_failing_one() -> None:
    service = a_service("math", ONE, DRAINED)

    assert render(service, {"one"}) == render(service)
    assert [server.get("weight") for server in _servers(render(service))] == [None, 0]


def test_drained_instances_that_are_left_alone_take_requests() -> None:
    assert _servers(render(a_service("math", DRAINED))) == [{"url": "http://10.0.0.3:8000"}]


def test_instances_with_different_base_paths_are_not_checked_by_traefik() -> None:
    odd = an_instance("odd", base_url="http://10.0.0.2:8000/v2")

    assert "healthCheck" not in render(a_service("math", ONE, odd, health=HEALTH)).services
    assert "healthCheck" in render(a_service("math", ONE, TWO, health=HEALTH)).services


def test_a_router_belongs_to_the_service_before_its_first_dot() -> None:
    names = ("math", "math.closed", "math@file", "math.reading@file", "math.closed@file")

    assert {owner_of(name) for name in names} == {"math"}


FAILOVER = {"failover": {"service": "spare"}}
GIVES_WAY = """\
    "math.reading":
      rule: "(Path(`/math`) || PathPrefix(`/math/`)) && (Method(`GET`) || Method(`HEAD`) || \
Method(`OPTIONS`) || Method(`TRACE`) || Method(`DELETE`))"
      priority: 1021
      service: "math.failover"
      middlewares: ["math.strip"]
      entryPoints: ["edge", "websecure"]
    "math.writing":
      rule: "(Path(`/math`) || PathPrefix(`/math/`)) && Method(`PUT`)"
      priority: 1021
      service: "math.failover-body"
      middlewares: ["math.strip"]
      entryPoints: ["edge", "websecure"]
    "math":
      rule: "Path(`/math`) || PathPrefix(`/math/`)"
      priority: 1020
      service: "math"
      middlewares: ["math.strip"]
      entryPoints: ["edge", "websecure"]
"""
GIVES_WAY_TO = """\
    "math":
      loadBalancer:
        servers:
          - url: "http://127.0.0.1:8000"
    "math.failover":
      failover:
        "service": "math"
        "fallback": "spare"
        "errors":
          "status": ["502-504"]
          "maxRequestBodyBytes": 16384
    "math.failover-body":
      failover:
        "service": "math"
        "fallback": "spare"
        "errors":
          "status": ["502-504"]
          "maxRequestBodyBytes": 1048576
"""


def test_a_failover_is_these_routers_and_services() -> None:
    fragment = render(
        a_service(policies=FAILOVER), standing_in={"spare"}, ways=Ways(("edge", "websecure"))
    )

    assert (fragment.routers, fragment.services) == (GIVES_WAY, GIVES_WAY_TO)


def test_without_instances_a_service_is_routed_to_who_stands_in() -> None:
    service = a_service_without_instances(policies={**FAILOVER, "keyauth": {}})

    fragment = render(service, standing_in={"spare"})

    routers = yaml.safe_load(fragment.routers)
    assert fragment.services == ""
    assert {name: router["service"] for name, router in routers.items()} == {"math": "spare"}
    assert routers["math"]["middlewares"] == ["math.keyauth", "math.strip"]


def test_without_instances_and_without_who_stands_in_nothing_is_routed() -> None:
    assert render(a_service_without_instances(policies=FAILOVER)) == Fragment()


def test_what_is_not_listed_stays_closed_with_a_failover_too() -> None:
    service = a_service(policies=FAILOVER, routes=[{"path": "/a"}], expose="routes")

    routers = yaml.safe_load(render(service, standing_in={"spare"}).routers)

    assert {name: router["priority"] for name, router in routers.items()} == {
        "math.reading": 1023,
        "math.writing": 1023,
        "math": 1022,
        "math.closed": 1020,
    }
    assert all(
        "Path(`/math/a`)" in routers[name]["rule"] for name in routers if "closed" not in name
    )


def test_timeouts_are_a_transport_of_the_services_own() -> None:
    service = a_service(policies={"timeouts": {"responseHeaderTimeout": "30s"}})

    text, _ = assemble({"math": render(service)})

    parsed = yaml.safe_load(text)["http"]
    assert parsed["services"]["math"]["loadBalancer"]["serversTransport"] == "math"
    assert parsed["serversTransports"] == {
        "math": {
            "maxIdleConnsPerHost": 200,
            "forwardingTimeouts": {
                "dialTimeout": "5s",
                "responseHeaderTimeout": "30s",
                "idleConnTimeout": "90s",
            },
        }
    }


def test_services_that_are_not_exposed_alone_are_a_whole_file_too() -> None:
    text, generation = assemble({"math": render(a_service(expose="none"))})

    parsed = yaml.safe_load(text)["http"]
    assert {section: list(items) for section, items in parsed.items()} == {
        "routers": [f"generation.{generation}"],
        "services": ["math"],
    }


@given(POLICIES)
def test_whatever_the_policies_a_file_is_whole_and_always_the_same(
    policies: dict[str, Any],
) -> None:
    service = a_service("math", ONE, TWO, host="a.example", health=HEALTH, policies=policies)
    spare = a_service("spare", policies={"failover": {"service": "math"}})
    fragments = {
        "math": render(service, standing_in=standing_in(service, {"spare": spare})),
        "spare": render(spare, standing_in=standing_in(spare, {"math": service})),
    }

    text, generation = assemble(fragments)

    assert assemble(dict(reversed(fragments.items()))) == (text, generation)
    again = Service.model_validate_json(service.model_dump_json())
    assert render(again, standing_in=standing_in(again, {"spare": spare})) == fragments["math"]
    assert "{{" not in text
    parsed = yaml.safe_load(text)["http"]
    for router in parsed["routers"].values():
        assert set(router.get("middlewares", [])) <= set(parsed.get("middlewares", {}))
        assert router["service"] in {*parsed["services"], "noop@internal"}
    for each in parsed["services"].values():
        tree = each.get("failover") or each.get("mirroring") or {}
        named = {tree.get("service"), tree.get("fallback")} - {None}
        named |= {mirror["name"] for mirror in tree.get("mirrors", [])}
        assert named <= set(parsed["services"])
