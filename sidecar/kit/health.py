"""Whether the process lives, and whether it can do its work."""

from collections.abc import Callable, Mapping

from litestar import get
from litestar.di import NamedDependency

from sidecar.kit.errors import FieldError, GatewayError

Check = Callable[[], str | None]
"""Answers what is missing, or `None`."""


class Readiness:
    """Named checks; the sidecar is ready when none of them misses anything."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks

    def missing(self) -> dict[str, str]:
        return {name: text for name, check in self._checks.items() if (text := check())}


class NotReadyError(GatewayError):
    """Part of the gateway is missing; `errors` say which."""

    status = 503
    slug = "not-ready"
    title = "The gateway is not ready"


@get("/gateway/health/live", tags=["health"], summary="Is it alive?")
async def live() -> dict[str, str]:
    """Answer as long as the process runs."""
    return {"status": "alive"}


@get("/gateway/health/ready", tags=["health"], summary="Is it ready?")
async def ready(readiness: NamedDependency[Readiness]) -> dict[str, str]:
    """Answer 200 when everything is in place, or 503 with what is missing."""
    missing = readiness.missing()
    if missing:
        detail = " ".join(f"{name}: {text}" for name, text in missing.items())
        errors = [FieldError(field=name, message=text) for name, text in missing.items()]
        raise NotReadyError(detail, errors=errors, headers={"Retry-After": "2"})
    return {"status": "ready"}
