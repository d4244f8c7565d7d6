from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from sidecar.access.models import Scope
from sidecar.access.terms import NewKey, Rotation
from tests.factories import NOW


def _wanted(**fields: Any) -> NewKey:
    return NewKey.model_validate({"name": "alice", "scopes": ["edge:call"], **fields})


def test_every_scope_of_the_gateway_and_ones_own_can_be_given() -> None:
    scopes = [*Scope, "billing:read", "a:b", "my-shop:orders.v2_x"]

    assert _wanted(scopes=scopes).scopes == scopes


@pytest.mark.parametrize(
    "scope",
    ["edge:read", "services:x", "gateway:x", "admin:x", "ADMIN", "billing", "billing:", ":read",
     "Billing:read", "billing:Read", "billing:read ", "a b:c", f"{'a' * 32}:b", f"a:{'b' * 64}",
     ""],
)  # fmt: skip
def test_a_scope_that_is_none_is_refused_with_those_there_are(scope: str) -> None:
    with pytest.raises(ValidationError, match="must be one of services:register, services:read"):
        _wanted(scopes=[scope])


@pytest.mark.parametrize("name", ["a", "Alice.B@shop-1_x", "0" * 63])
def test_a_name_fits_into_a_header(name: str) -> None:
    assert _wanted(name=name).name == name


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", ".a"),
        ("name", "a b"),
        ("name", "a\n"),
        ("name", "ä"),
        ("name", "a" * 64),
        ("scopes", []),
        ("services", []),
        ("services", ["Math"]),
        ("services", ["a/b"]),
        ("prefixes", ["math"]),
        ("prefixes", ["/math/"]),
        ("prefixes", ["/a//b"]),
        ("prefixes", ["/a/../b"]),
        ("prefixes", ["/a b"]),
        ("prefixes", ["/a%2Fb"]),
        ("prefixes", ['/a"b']),
        ("capabilities", ["A"]),
        ("tenant", {}),
        ("tenant", {"site_id": "a b"}),
        ("tenant", {"site_id": "a\r\nX-Admin: 1"}),
        ("tenant", {"site_id": ""}),
        ("tenant", {"site": "a"}),
        ("expires_at", 1_900_000_000),
        ("expires_at", "1900000000"),
        ("expires_at", "2030-01-01T00:00:00"),
        ("expires_at", "9999-12-31T23:59:59-14:00"),
        ("expires_at", "soon"),
        ("expires_in_seconds", 0),
        ("expires_in_seconds", "60"),
        ("expires_in_seconds", True),
        ("token", "gate_mine"),
    ],
)
def test_what_does_not_fit_is_refused_by_its_name(field: str, value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        _wanted(**{field: value})

    assert {error["loc"][0] for error in refused.value.errors()} == {field}


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "a b"},
        {"services": ["Math"]},
        {"capabilities": ["A"]},
        {"tenant": {"site_id": "a b"}},
    ],
)
def test_a_name_that_is_refused_is_told_its_characters_in_words(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refused:
        _wanted(**wrong)

    assert "^" not in refused.value.errors()[0]["msg"]


@pytest.mark.parametrize("field", ["services", "prefixes", "capabilities"])
def test_an_admin_key_is_not_narrowed(field: str) -> None:
    value = ["/math"] if field == "prefixes" else ["math"]

    with pytest.raises(ValidationError, match=f"{field}: a key with the scope admin can not"):
        _wanted(scopes=["edge:call", "admin"], **{field: value})


def test_an_end_is_given_in_one_way() -> None:
    with pytest.raises(ValidationError, match="expires_at: give either"):
        _wanted(expires_at="2030-01-01T00:00:00Z", expires_in_seconds=60)


def test_an_end_is_a_whole_second_and_in_utc() -> None:
    given = _wanted(expires_at="2030-01-01T02:00:00.75+02:00")
    counted = _wanted(expires_in_seconds=60)

    assert given.ends_at(NOW) == datetime(2030, 1, 1, tzinfo=UTC)
    assert counted.ends_at(NOW) == NOW + timedelta(seconds=60)
    assert counted.ends_at(NOW + timedelta(microseconds=1)) == NOW + timedelta(seconds=61)
    assert _wanted().ends_at(NOW) is None


def test_an_overlap_is_an_hour_unless_told_otherwise_and_at_most_thirty_days() -> None:
    assert Rotation().overlap_seconds == 3600
    assert Rotation(overlap_seconds=0).overlap_seconds == 0
    assert Rotation(overlap_seconds=30 * 86400).overlap_seconds == 2_592_000
    for wrong in (-1, 30 * 86400 + 1):
        with pytest.raises(ValidationError):
            Rotation(overlap_seconds=wrong)
