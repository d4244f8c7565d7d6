"""What the edge asks of callers, said in the operations that it asks it for."""

from collections.abc import Mapping, Sequence
from typing import Any

from sidecar.openapi.grammar import METHODS
from sidecar.registry.policies.models import Policies

# As the gateway's own part of the merged document has them.
KEY, KEY_IN_HEADER, PASSWORD = "gateway.key", "gateway.apiKey", "gateway.password"

Alternative = Mapping[str, Sequence[str]]


def secured(item: Mapping[str, Any], policies: Policies) -> dict[str, Any]:
    """Answer a path item whose operations ask for what the edge asks for, besides their own."""
    asked = _asked(policies)
    if not asked:
        return dict(item)
    return {
        field: {**value, "security": _both(value.get("security"), asked)}
        if field in METHODS and isinstance(value, Mapping)
        else value
        for field, value in item.items()
    }


def _asked(policies: Policies) -> list[Alternative]:
    password: Alternative = {PASSWORD: []} if policies.basic_auth else {}
    if policies.keyauth is None:
        return [password] if password else []
    scopes = policies.keyauth.scopes
    if password:
        # `Authorization` holds the password.
        return [{**password, KEY_IN_HEADER: scopes}]
    return [{KEY: scopes}, {KEY_IN_HEADER: scopes}]


def _both(own: Any, asked: Sequence[Alternative]) -> list[Alternative]:
    theirs = [each for each in own or () if isinstance(each, Mapping)]
    if not any(theirs):
        return list(asked)
    # Most of what services ask for is in `Authorization` too, so the key takes the other header.
    beside = [each for each in asked if KEY not in each]
    return [{**each, **more} for each in theirs for more in (beside if each else asked)]
