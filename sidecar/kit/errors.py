"""What can go wrong in a way that a caller can do something about."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from sidecar.kit.values import Value


class FieldError(Value):
    """One field of the input, as a dotted path, and what it would have accepted."""

    field: str
    message: str


class GatewayError(Exception):
    """An expected failure: each subclass is one problem type (RFC 9457 section 3.1).

    `slug`, `title` and `status` are constant for the type; the message describes the occurrence.
    """

    status: ClassVar[int]
    slug: ClassVar[str]
    title: ClassVar[str]

    def __init__(
        self,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.errors = tuple(errors)
        self.headers = dict(headers or {})


class InvalidInputError(GatewayError):
    """The input is malformed; `errors` name the fields."""

    status = 400
    slug = "invalid-input"
    title = "The request is not valid"

    @classmethod
    def of(cls, field: str, message: str) -> "InvalidInputError":
        return cls(f"{field}: {message}", errors=[FieldError(field=field, message=message)])


class UnavailableError(GatewayError):
    """Something that the gateway stands on is away; the request can be sent again later."""

    status = 503
    slug = "unavailable"
    title = "The gateway can not do this right now"

    def __init__(self, detail: str, *, retry_after_seconds: int = 2) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after_seconds)})


class ValkeyAwayError(UnavailableError):
    """Valkey does not answer, or refuses writes: nothing was changed as far as is known."""

    slug = "valkey-away"
    title = "Valkey does not answer"

    def __init__(self) -> None:
        super().__init__("Valkey does not answer. What is live stays live; try again in a moment.")
