"""What an admin asks for: a key with its terms, and another secret for it."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    StringConstraints,
    model_validator,
)

from sidecar.access.models import Scope, Tenant, whole_seconds
from sidecar.kit.values import Value, Whole

MAX_OVERLAP_SECONDS = 30 * 24 * 3600
_MAX_LIFE_SECONDS = 100 * 366 * 24 * 3600
_OWN_SCOPE = re.compile(r"([a-z][a-z0-9-]{0,30}):[a-z][a-z0-9._-]{0,62}")
_GATEWAYS = frozenset({scope.partition(":")[0] for scope in Scope} | {"gateway"})
_PATH = re.compile(r"/|(/[A-Za-z0-9._~-]+)+")


def _scope(value: str) -> str:
    if value in frozenset(Scope):
        return value
    own = _OWN_SCOPE.fullmatch(value)
    if own is None or own[1] in _GATEWAYS:
        raise ValueError(
            f"must be one of {', '.join(Scope)}, or one of your own such as billing:read,"
            f" which begins with none of {', '.join(sorted(_GATEWAYS))}"
        )
    return value


def _path(value: str) -> str:
    if not _PATH.fullmatch(value) or any(part in {".", ".."} for part in value.split("/")):
        raise ValueError(
            "must be a path such as /math: letters, digits and any of .-_~ between single"
            " slashes, no '..', no slash at the end"
        )
    return value


def _moment(value: Any) -> Any:
    # Pydantic would take a number, and a time without a zone for one without a meaning.
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        if isinstance(moment, datetime) and moment.tzinfo is not None:
            return moment.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        pass
    raise ValueError("must be a time with its zone, such as 2030-12-31T23:59:59Z")


KeyName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$")]
ScopeName = Annotated[str, Field(max_length=100), AfterValidator(_scope)]
ServiceName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
PathPrefix = Annotated[str, Field(max_length=255), AfterValidator(_path)]
CapabilityName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9._-]{0,62}$")]
Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]


class NewKey(Value):
    """What a new key is called and what it may do."""

    name: KeyName = Field(description="Who uses it: services see it as `X-Consumer`.")
    scopes: list[ScopeName] = Field(
        min_length=1,
        max_length=64,
        description=f"Any of {', '.join(f'`{scope}`' for scope in Scope)}, or scopes of your own"
        " such as `billing:read` that registrations ask for.",
    )
    services: list[ServiceName] | None = Field(
        None, min_length=1, max_length=100, description="Only these services; all if not given."
    )
    prefixes: list[PathPrefix] | None = Field(
        None,
        min_length=1,
        max_length=100,
        description="Only paths at or below these; all if not given. With `services`, both hold.",
    )
    capabilities: list[CapabilityName] | None = Field(
        None, min_length=1, max_length=100, description="Only these capabilities of jobs."
    )
    tenant: Tenant | None = None
    expires_at: Moment | None = Field(None, description="When it ends; never if not given.")
    expires_in_seconds: Whole | None = Field(None, ge=1, le=_MAX_LIFE_SECONDS)

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.expires_at is not None and self.expires_in_seconds is not None:
            raise ValueError("expires_at: give either expires_at or expires_in_seconds")
        narrowed = ("services", "prefixes", "capabilities")
        for field in narrowed if Scope.ADMIN in self.scopes else ():
            if getattr(self, field) is not None:
                raise ValueError(f"{field}: a key with the scope admin can not be narrowed")
        return self

    def ends_at(self, now: datetime) -> datetime | None:
        """Answer when the key ends, in whole seconds as the edge counts them."""
        if self.expires_in_seconds is None:
            return self.expires_at
        return whole_seconds(now + timedelta(seconds=self.expires_in_seconds))


class Rotation(Value):
    """How a key gets a new secret."""

    overlap_seconds: Whole = Field(
        3600,
        ge=0,
        le=MAX_OVERLAP_SECONDS,
        description="How long the old secret works beside the new one; 0 ends it at once.",
    )
