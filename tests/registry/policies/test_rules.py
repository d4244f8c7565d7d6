from typing import Any

import pytest

from sidecar.kit.errors import FieldError, GatewayError, InvalidInputError
from sidecar.registry.errors import NotBackupError
from sidecar.registry.models import Service
from sidecar.registry.policies.rules import (
    check_plugins,
    check_shares,
    check_targets,
    check_terms,
    standing_in,
    warnings,
)
from tests.factories import (
    OTHER,
    a_registration,
    a_service,
    a_service_without_instances,
    an_instance,
    policies,
)

FAILOVER = {"failover": {"service": "spare"}}
MIRROR = {"mirror": {"service": "spare"}}


def _by_name(*services: Service) -> dict[str, Service]:
    return {service.name: service for service in services}


def _refusal(error: GatewayError) -> tuple[FieldError, ...]:
    return error.errors


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        (
            {"policies": {"headers": {"stsSeconds": 1}}},
            FieldError(
                field="policies.headers.stsSeconds",
                message="holds for a whole host name: it needs a `host` of the service's",
            ),
        ),
        (
            {"policies": {"healthCheck": {}}},
            FieldError(
                field="policies.healthCheck.path",
                message="is needed where the service gives no `health`",
            ),
        ),
        (
            {"policies": {"failover": {"service": "math"}}},
            FieldError(field="policies.failover.service", message="must be another service"),
        ),
        (
            {"policies": {"mirror": {"service": "math"}}},
            FieldError(field="policies.mirror.service", message="must be another service"),
        ),
        (
            {"policies": {**FAILOVER, "mirror": {"service": "math"}}},
            FieldError(field="policies.mirror.service", message="must be another service"),
        ),
    ],
)
def test_policies_that_do_not_fit_the_service_are_named(
    fields: dict[str, Any], error: FieldError
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        check_terms(a_registration(**fields))

    assert _refusal(caught.value) == (error,)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"host": "a.example", "policies": {"headers": {"stsSeconds": 1}}},
        {"policies": {"healthCheck": {"path": "/h"}}},
        {"health": {"path": "/h"}, "policies": {"healthCheck": {}}},
        {"policies": {**FAILOVER, **MIRROR}},
    ],
)
def test_policies_that_fit_are_taken(fields: dict[str, Any]) -> None:
    check_terms(a_registration(**fields))


@pytest.mark.parametrize("strategy", ["p2c", "hrw", "leasttime"])
@pytest.mark.parametrize("weight", [0, 2])
def test_weights_need_a_strategy_that_heeds_them(strategy: str, weight: int) -> None:
    instances = [an_instance("one"), an_instance("two", weight=weight)]

    with pytest.raises(InvalidInputError) as caught:
        check_shares(policies(strategy=strategy), instances)

    assert _refusal(caught.value) == (
        FieldError(
            field="policies.strategy", message=f"{strategy} knows no weights; only wrr does"
        ),
    )


@pytest.mark.parametrize(
    ("strategy", "weight"), [(None, 5), ("wrr", 5), ("p2c", 1), ("hrw", 1), ("leasttime", 1)]
)
def test_weights_that_are_heeded_or_equal_are_taken(strategy: str | None, weight: int) -> None:
    check_shares(policies(strategy=strategy), [an_instance(), an_instance("two", weight=weight)])


def test_plugins_of_the_list_are_taken_and_others_named() -> None:
    given = policies(plugin={"one": {}, "two": {}})

    check_plugins(given, ["two", "one", "three"])
    check_plugins(policies(), [])
    with pytest.raises(InvalidInputError) as caught:
        check_plugins(given, ["three", "one"])

    assert [error.field for error in _refusal(caught.value)] == ["policies.plugin.two"]
    assert "GATEHOUSE_ALLOWED_PLUGINS: one, three" in str(caught.value)


@pytest.mark.parametrize("given", [FAILOVER, MIRROR])
def test_another_owners_service_must_have_agreed(given: dict[str, Any]) -> None:
    service = a_service(policies=given)
    target = a_service("spare", owner=OTHER.key_id, backup_for=["somebody"])

    with pytest.raises(NotBackupError, match=r"policies\.(failover|mirror)\.service: 'spare'"):
        check_targets(service, _by_name(target))
    assert standing_in(service, _by_name(service, target)) == frozenset()


@pytest.mark.parametrize("given", [FAILOVER, MIRROR])
@pytest.mark.parametrize(
    "target",
    [
        {},
        {"owner": OTHER.key_id, "backup_for": ["math"]},
        {"host": "a.example", "strip_prefix": False},
        {"expose": "none"},
    ],
)
def test_a_service_of_ones_own_or_one_that_agreed_stands_in(
    given: dict[str, Any], target: dict[str, Any]
) -> None:
    service, spare = a_service(policies=given), a_service("spare", **target)

    check_targets(service, _by_name(spare))

    assert standing_in(service, _by_name(service, spare)) == {"spare"}


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [({"strip_prefix": False}, {}), ({}, {"strip_prefix": False}), ({"strip_prefix": False},) * 2],
)
def test_who_sees_other_paths_can_not_stand_in(
    mine: dict[str, Any], theirs: dict[str, Any]
) -> None:
    service = a_service(policies=FAILOVER, **mine)
    target = a_service("spare", **theirs)

    with pytest.raises(InvalidInputError) as caught:
        check_targets(service, _by_name(target))

    assert [error.field for error in _refusal(caught.value)] == ["policies.failover.service"]
    assert standing_in(service, _by_name(service, target)) == frozenset()


def test_a_target_may_come_later() -> None:
    service = a_service(policies={**FAILOVER, "mirror": {"service": "copy"}})

    check_targets(service, {})

    assert standing_in(service, _by_name(service)) == frozenset()
    assert warnings(service, _by_name(service)) == [
        "policies.failover: 'spare' is not registered yet; until it is, this does nothing.",
        "policies.mirror: 'copy' is not registered yet; until it is, this does nothing.",
    ]


def test_a_target_without_instances_takes_nothing() -> None:
    service = a_service(policies=FAILOVER)
    spare = a_service_without_instances("spare", policies={"failover": {"service": "math"}})

    check_targets(service, _by_name(spare))

    assert standing_in(service, _by_name(service, spare)) == frozenset()


def test_consent_that_is_withdrawn_holds_no_longer() -> None:
    service = a_service(policies=FAILOVER)
    agreed = a_service("spare", owner=OTHER.key_id, backup_for=["math"])
    withdrawn = agreed.model_copy(update={"backup_for": []})

    assert standing_in(service, _by_name(agreed)) == {"spare"}
    assert standing_in(service, _by_name(withdrawn)) == frozenset()


def test_who_has_no_instances_left_is_told_who_stands_in() -> None:
    service = a_service_without_instances(policies=FAILOVER)

    assert warnings(service, _by_name(a_service("spare"))) == [
        "No instance is registered; 'spare' stands in where it can."
    ]


def test_a_canary_without_its_version_is_said_so() -> None:
    canary = {"canary": {"version": "2.0", "weight": 10}}
    old, new = an_instance(), an_instance("two", version="2.0")

    assert warnings(a_service("math", old, policies=canary), {}) == [
        "policies.canary: no instance has the version '2.0' yet."
    ]
    assert warnings(a_service("math", old, new, policies=canary), {}) == []


def test_a_service_without_policies_has_nothing_to_be_told() -> None:
    assert warnings(a_service(), {}) == []
