"""What a key may be for."""

from gatehouse.spelling import nearest

SCOPES = (
    "services:register",
    "services:read",
    "workers:connect",
    "tools:enroll",
    "tools:call",
    "jobs:submit",
    "jobs:read",
    "events:publish",
    "events:read",
    "webhooks:manage",
    "edge:call",
    "admin",
)

_GATEWAYS = frozenset(scope.partition(":")[0] for scope in SCOPES)


def read_scope(text: str) -> str:
    """Refuse what no gateway takes, where it is plain what was meant. Raises ValueError."""
    if "," in text:
        raise ValueError(f"{text!r} is several: give --scope once for each")
    prefix, colon, _ = text.partition(":")
    near = nearest(text, SCOPES)
    # Scopes of one's own begin otherwise than the gateway's.
    if text in SCOPES or near is None or (colon and prefix.casefold() not in _GATEWAYS):
        return text
    raise ValueError(f"{text!r} is no scope; did you mean {near}?")
