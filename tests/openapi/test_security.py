"""What the edge asks for shows in the operations."""

from typing import Any

import pytest

from sidecar.openapi.security import KEY, KEY_IN_HEADER, PASSWORD, secured
from sidecar.registry.policies.models import Policies

KEYED = {"keyauth": {"scopes": ["edge:call", "reports:read"]}}
SCOPES = ["edge:call", "reports:read"]
USERS = {"basicAuth": {"users": ["u:{SHA}" + "A" * 27 + "="]}}
EITHER = [{KEY: SCOPES}, {KEY_IN_HEADER: SCOPES}]


@pytest.mark.parametrize(
    ("policies", "own", "expected"),
    [
        pytest.param({}, None, None, id="an open service stays open"),
        pytest.param({}, [{"math.token": []}], [{"math.token": []}], id="its own stays"),
        pytest.param(KEYED, None, EITHER, id="a key, in either header"),
        pytest.param(KEYED, [], EITHER, id="an operation that says it is open"),
        pytest.param(
            KEYED,
            [{"math.token": []}],
            [{"math.token": [], KEY_IN_HEADER: SCOPES}],
            id="the service's own token leaves Authorization to itself",
        ),
        pytest.param(
            KEYED,
            [{"math.token": []}, {}],
            [{"math.token": [], KEY_IN_HEADER: SCOPES}, *EITHER],
            id="its own token is optional, the key is not",
        ),
        pytest.param(USERS, None, [{PASSWORD: []}], id="a password"),
        pytest.param({**KEYED, **USERS}, None, [{PASSWORD: [], KEY_IN_HEADER: SCOPES}], id="both"),
    ],
)
def test_an_operation_asks_for_what_the_edge_asks_for(
    policies: dict[str, Any], own: Any, expected: Any
) -> None:
    operation = {"responses": {}} if own is None else {"responses": {}, "security": own}
    item = {"summary": "A path.", "get": operation, "parameters": []}

    shown = secured(item, Policies.model_validate(policies))

    assert shown["get"].get("security") == expected
    assert (shown["summary"], shown["parameters"]) == ("A path.", [])
