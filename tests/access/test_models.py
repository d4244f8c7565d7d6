import pytest

from sidecar.access.errors import ForbiddenError
from sidecar.access.models import Caller, Scope, covers, make_token, token_hash, token_id
from tests.factories import ADMIN, JOINER, OTHER


def test_a_key_shows_its_id_and_hides_its_secret() -> None:
    token = make_token()

    key_id = token_id(token)

    assert key_id is not None
    assert token.startswith(f"gate_{key_id}_")
    assert token_hash(token) != token_hash(make_token())
    assert len(token.removeprefix(f"gate_{key_id}_")) == 64
    assert token_id(make_token("0123456789ab")) == "0123456789ab"


@pytest.mark.parametrize(
    "token",
    ["", "gate_", "gate_0123456789ab_short", f"gate_UPPER000_{'0' * 64}", f"x_01234567_{'0' * 64}"],
)
def test_what_is_no_key_has_no_id(token: str) -> None:
    assert token_id(token) is None


def test_admin_may_everything_and_a_joiner_what_it_was_given() -> None:
    assert all(ADMIN.may(scope) for scope in [*Scope, "billing:read"])
    assert JOINER.may(Scope.SERVICES_REGISTER)
    assert not JOINER.may(Scope.SERVICES_READ)
    assert not JOINER.may(Scope.ADMIN)
    assert not JOINER.may("billing:read")


def test_a_missing_scope_is_named() -> None:
    caller = Caller(key_id="abc", scopes=frozenset())

    with pytest.raises(ForbiddenError, match=r"'abc' lacks the scope 'services:read'"):
        caller.require(Scope.SERVICES_READ)


def test_a_service_belongs_to_its_key_and_to_admins() -> None:
    assert [caller.owns(JOINER.key_id) for caller in (JOINER, ADMIN, OTHER)] == [True, True, False]


@pytest.mark.parametrize(
    ("allowed", "prefix", "covered"),
    [
        ("/math", "/math", True),
        ("/math", "/math/x", True),
        ("/math", "/maths", False),
        ("/math/x", "/math", False),
        ("/math", "/", False),
        ("/", "/", True),
        ("/", "/math", True),
    ],
)
def test_a_prefix_covers_what_lies_below_it(allowed: str, prefix: str, *, covered: bool) -> None:
    assert covers(allowed, prefix) == covered


def test_narrowing_holds_for_names_and_prefixes_together() -> None:
    caller = Caller(
        key_id="abc", scopes=frozenset(), services=("math",), prefixes=("/a", "/b")
    )  # fmt: skip

    caller.require_service("math", "/b/math")
    caller.require_service("math")
    for name, prefix in (("other", "/a"), ("math", "/c"), ("other", None)):
        with pytest.raises(ForbiddenError, match="is not for the key 'abc', which is narrowed to"):
            caller.require_service(name, prefix)


def test_a_key_that_is_not_narrowed_and_an_admin_may_everywhere() -> None:
    for caller in (JOINER, ADMIN):
        caller.require_service("anything", "/any/where")
