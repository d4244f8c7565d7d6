from datetime import timedelta

import pytest

from sidecar.registry.actions import Registered
from sidecar.registry.onboarding import Onboarded, Publication
from sidecar.registry.presenter import Presenter
from sidecar.registry.store import Change
from tests.factories import NOW, a_service, a_service_without_instances, an_instance
from tests.registry.conftest import Sidecar
from tests.registry.policies.bad import BCRYPT

EDGE = "http://127.0.0.1:30090"
LIVE = Publication(live=True, generation="0123456789ab", rejected={})


def _presenter(sidecar: Sidecar, edge_url: str = EDGE) -> Presenter:
    return Presenter(
        edge_url,
        sidecar.registry,
        healthy=lambda _, instance_id: {"one": True}.get(instance_id),
        rejected={"bad": "no such middleware"}.get,
        documentation=lambda _: None,
    )


def _onboarded(publication: Publication | None = LIVE, **fields: str) -> Onboarded:
    registered = Registered(a_service("math", **fields), "one", "created")
    return Onboarded(registered, publication, 12.345, ["careful"])


async def test_a_registration_is_answered_in_full(sidecar: Sidecar) -> None:
    await sidecar.ledger.commit(
        Change(put=[a_service()], leases={("math", "one"): NOW.timestamp() + 7})
    )

    shown = _presenter(sidecar).registration(_onboarded())

    assert shown.model_dump() == {
        "name": "math",
        "instance_id": "one",
        "prefix": "/math",
        "url": f"{EDGE}/math",
        "docs_url": f"{EDGE}/docs?service=math",
        "lease": {
            "ttl_seconds": 30,
            "expires_at": NOW + timedelta(seconds=37),
            "heartbeat_url": f"{EDGE}/gateway/services/math/instances/one/heartbeat",
        },
        "live": True,
        "ready_ms": 12.3,
        "generation": "0123456789ab",
        "warnings": ["careful"],
    }


@pytest.mark.parametrize(
    ("publication", "expose", "live"),
    [
        (LIVE, "all", True),
        (LIVE, "none", False),
        (Publication(live=False, generation="0123456789ab", rejected={}), "all", False),
        (None, "all", False),
    ],
)
async def test_live_is_what_was_seen_at_the_edge(
    sidecar: Sidecar,
    publication: Publication | None,
    expose: str,
    live: bool,  # noqa: FBT001 - a column of the table
) -> None:
    shown = _presenter(sidecar).registration(_onboarded(publication, expose=expose))

    assert shown.live is live
    assert shown.generation == (publication.generation if publication else None)


@pytest.mark.parametrize(
    ("edge_url", "url"),
    [
        ("http://127.0.0.1:30090", "http://api.example:30090/x"),
        ("https://gateway.example", "https://api.example/x"),
        ("http://[::1]:30090", "http://api.example:30090/x"),
    ],
)
async def test_a_service_with_a_host_is_reached_there_on_the_edges_port(
    sidecar: Sidecar, edge_url: str, url: str
) -> None:
    service = a_service("math", host="api.example", prefix="/x")

    assert _presenter(sidecar, edge_url).service(service).url == url


async def test_a_service_is_shown_with_its_instances_and_its_rejection(sidecar: Sidecar) -> None:
    service = a_service("bad", an_instance("one", version="1.2"), an_instance("two", weight=0))

    shown = _presenter(sidecar).service(service)

    assert shown.rejected == "no such middleware"
    assert [
        (each.instance_id, each.version, each.weight, each.healthy) for each in shown.instances
    ] == [("one", "1.2", 1, True), ("two", "", 0, None)]


async def test_a_service_that_is_not_exposed_has_no_url(sidecar: Sidecar) -> None:
    assert _presenter(sidecar).service(a_service(expose="none")).url is None


async def test_a_service_is_shown_with_all_its_policies_and_nobodys_hash(sidecar: Sidecar) -> None:
    given = {"basicAuth": {"users": [f"ann:{BCRYPT}"]}, "failover": {"service": "spare"}}
    service = a_service(preset="public", backup_for=["other"], policies=given)

    shown = _presenter(sidecar).service(service)

    assert (shown.preset, shown.backup_for) == ("public", ["other"])
    assert shown.policies == {
        "basicAuth": {"users": ["ann"], "removeHeader": True},
        "failover": {
            "service": "spare",
            "status": ["502-504"],
            "maxRequestBodyBytes": 1_048_576,
            "unsafe_methods": False,
        },
    }
    assert shown.warnings == [
        "policies.failover: 'spare' is not registered yet; until it is, this does nothing."
    ]


async def test_a_service_without_instances_is_shown(sidecar: Sidecar) -> None:
    shown = _presenter(sidecar).service(a_service_without_instances())

    assert (shown.instances, shown.url) == ([], f"{EDGE}/math")
