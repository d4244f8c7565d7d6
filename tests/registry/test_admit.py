from datetime import timedelta
from typing import Any

import pytest

from sidecar.access.models import Caller
from sidecar.kit.errors import GatewayError, InvalidInputError
from sidecar.registry.admit import admit
from sidecar.registry.errors import (
    NotOwnerError,
    PermanentLeaseError,
    PrefixConflictError,
    ServiceConflictError,
)
from sidecar.registry.models import Service
from tests.factories import ADMIN, JOINER, NOW, OTHER, a_registration, a_service, an_instance

LATER = NOW + timedelta(hours=1)


def _admit(
    *services: Service, caller: Caller = JOINER, name: str = "math", **fields: Any
) -> Service:
    wanted = a_registration(name, **{"instance_id": "one", **fields})
    return admit(wanted, caller, services, document_hash=None, now=LATER)


def _refused(*services: Service, caller: Caller = JOINER, **fields: Any) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        _admit(*services, caller=caller, **fields)
    return caught.value


def test_the_first_registration_makes_the_caller_the_owner() -> None:
    service = _admit(weight=3, version="1.2", description="adds")

    assert service == a_service(
        "math",
        an_instance("one", weight=3, version="1.2", registered_at=LATER),
        description="adds",
    ).model_copy(update={"created_at": LATER})


def test_another_instance_joins_and_the_newest_terms_win() -> None:
    before = a_service(strip_prefix=True, description="old")

    service = _admit(before, instance_id="two", strip_prefix=False, description="new")

    assert list(service.instances) == ["one", "two"]
    assert (service.strip_prefix, service.description) == (False, "new")
    assert (service.created_at, service.owner) == (NOW, JOINER.key_id)


def test_the_same_again_is_the_same_value() -> None:
    before = a_service()

    again = _admit(before)

    assert again == before


def test_an_admin_leaves_the_owner_who_it_was() -> None:
    service = _admit(a_service(), caller=ADMIN, instance_id="two")

    assert service.owner == JOINER.key_id


def test_another_keys_service_is_refused_before_anything_else_is_said_of_it() -> None:
    error = _refused(a_service(), caller=OTHER, prefix="/elsewhere", instance_id="two")

    assert isinstance(error, NotOwnerError)


def test_a_permanent_lease_takes_the_admin_key() -> None:
    error = _refused(ttl_seconds=None)

    assert isinstance(error, PermanentLeaseError)
    assert _admit(caller=ADMIN, ttl_seconds=None).instances["one"].ttl_seconds is None


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ({"prefix": "/other"}, "prefix: live instances of 'math' hold '/math'"),
        ({"host": "a.example", "prefix": "/math"}, "host: live instances of 'math' hold None"),
        ({"expose": "none"}, "expose: live instances of 'math' hold 'all'"),
    ],
)
def test_what_live_instances_hold_is_not_changed_by_another(
    asked: dict[str, Any], named: str
) -> None:
    error = _refused(a_service(), instance_id="two", **asked)

    assert isinstance(error, ServiceConflictError)
    assert str(error).startswith(named)


def test_the_only_instance_may_come_back_on_other_terms() -> None:
    service = _admit(a_service(), prefix="/moved", host="a.example", expose="none")

    assert (service.prefix, service.host, service.expose) == ("/moved", "a.example", "none")


def test_one_of_two_instances_may_not_take_the_prefix_elsewhere() -> None:
    pair = a_service("math", an_instance("one"), an_instance("two"))

    error = _refused(pair, prefix="/moved")

    assert isinstance(error, ServiceConflictError)


def test_equal_prefixes_are_a_conflict_even_of_one_owner() -> None:
    error = _refused(a_service("first", prefix="/shared"), prefix="/shared")

    assert isinstance(error, PrefixConflictError)
    assert str(error) == "prefix: /shared is held by 'first'."


@pytest.mark.parametrize("prefix", ["/a", "/a/b/c"])
def test_overlapping_prefixes_of_two_owners_are_a_conflict(prefix: str) -> None:
    error = _refused(a_service("first", prefix="/a/b"), caller=OTHER, prefix=prefix)

    assert isinstance(error, PrefixConflictError)
    assert "'first'" in str(error)


def test_an_admin_overlaps_nobody_either() -> None:
    error = _refused(a_service("first", prefix="/a"), caller=ADMIN, prefix="/a/b")

    assert isinstance(error, PrefixConflictError)


def test_an_admin_renews_a_service_among_its_owners_nested_ones() -> None:
    outer = a_service("outer", prefix="/a")

    service = _admit(outer, a_service("math", prefix="/a/b"), caller=ADMIN, prefix="/a/b")

    assert service.owner == JOINER.key_id


@pytest.mark.parametrize(
    ("held", "asked"),
    [
        ({"prefix": "/a"}, {"prefix": "/ab"}),
        ({"prefix": "/a"}, {"prefix": "/b/a"}),
        ({"prefix": "/a"}, {"prefix": "/a", "host": "a.example"}),
        ({"host": "a.example"}, {"host": "b.example"}),
        ({"prefix": "/a", "expose": "none"}, {"prefix": "/a"}),
        ({"prefix": "/a"}, {"prefix": "/a", "expose": "none"}),
    ],
)
def test_what_does_not_overlap_may_belong_to_anybody(
    held: dict[str, str], asked: dict[str, str]
) -> None:
    service = _admit(a_service("first", **held), caller=OTHER, **asked)

    assert service.owner == OTHER.key_id


def test_a_hidden_service_that_is_exposed_meets_the_prefixes_there_are() -> None:
    hidden = a_service("math", prefix="/a", expose="none")
    taken = a_service("first", prefix="/a", owner=OTHER.key_id)

    error = _refused(hidden, taken, prefix="/a", expose="all")

    assert isinstance(error, PrefixConflictError)


def test_a_drained_instance_needs_another_that_is_not() -> None:
    error = _refused(weight=0)

    assert isinstance(error, InvalidInputError)
    assert [each.field for each in error.errors] == ["weight"]
    assert _admit(a_service(), instance_id="two", weight=0).instances["two"].weight == 0


@pytest.mark.parametrize(
    "policy",
    [
        {"keyauth": {}},
        {"ipAllowList": {"sourceRange": ["10.0.0.0/8"]}},
        {"basicAuth": {"users": ["u:{SHA}" + "A" * 27 + "="]}},
    ],
)
def test_one_instance_does_not_open_what_protects_the_others(policy: dict[str, Any]) -> None:
    before = a_service(policies=policy)
    (name,) = policy

    error = _refused(before, instance_id="two")

    assert isinstance(error, ServiceConflictError)
    assert f"policies.{name}" in str(error)
    assert _admit(before, instance_id="two", policies=policy).policies == before.policies
    assert _admit(before).policies == a_service().policies
    assert _admit(before, instance_id="two", caller=ADMIN).policies == a_service().policies
