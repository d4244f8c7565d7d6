"""The one mapping from failures to `application/problem+json` (RFC 9457)."""

import logging
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from litestar.exceptions import HTTPException
from litestar.plugins.problem_details import ProblemDetailsConfig, ProblemDetailsException

from sidecar.kit.errors import FieldError, GatewayError, InvalidInputError

_log = logging.getLogger("gatehouse")
# pydantic's word on a default that is made from a field which is itself complained of.
_FOLLOWS = "The default factory uses validated data"
_PLAIN = {"Extra inputs are not permitted": "is not known here"}
_NAMED = re.compile(r"([a-z_]+): (.*)", re.DOTALL)


def from_gateway(error: GatewayError) -> ProblemDetailsException:
    """Say an expected failure."""
    extra = {"errors": [item.model_dump() for item in error.errors]} if error.errors else None
    return ProblemDetailsException(
        status_code=error.status,
        type_=f"/problems/{error.slug}",
        title=error.title,
        detail=str(error),
        headers=error.headers or None,
        extra=extra,
    )


def from_http(error: HTTPException) -> ProblemDetailsException:
    """Say what the framework refused: a missing page, a method, a body that is no JSON."""
    status = HTTPStatus(error.status_code)
    fields = _field_errors(error.extra)
    detail = "; ".join(f"{item.field}: {item.message}" for item in fields) or error.detail
    return ProblemDetailsException(
        status_code=error.status_code,
        type_=f"/problems/{'invalid-input' if fields else _slug(status)}",
        title="The request is not valid" if fields else status.phrase,
        detail=detail,
        headers=error.headers,
        extra={"errors": [item.model_dump() for item in fields]} if fields else None,
    )


def from_bug(error: Exception) -> ProblemDetailsException:
    """Say nothing of a bug but that it is one; the log has the rest."""
    _log.error("A request failed on a bug.", exc_info=error)
    return ProblemDetailsException(
        status_code=500,
        type_="/problems/internal-error",
        title="Internal error",
        detail="The gateway failed on this request. Its log says more.",
    )


def from_depth(_: RecursionError) -> ProblemDetailsException:
    """Refuse JSON that is nested deeper than can be read."""
    return from_gateway(InvalidInputError.of("body", "is nested too deep"))


def _slug(status: HTTPStatus) -> str:
    return status.phrase.lower().replace(" ", "-").replace("'", "")


def _field_errors(extra: Any) -> Sequence[FieldError]:
    if not isinstance(extra, list):
        return ()
    return [
        _field_error(str(item.get("key") or ""), str(item["message"]))
        for item in extra
        if isinstance(item, Mapping) and not str(item.get("message", _FOLLOWS)).startswith(_FOLLOWS)
    ]


def _field_error(field: str, message: str) -> FieldError:
    message = _PLAIN.get(message, message).removeprefix("Value error, ")
    # A rule between fields begins its message with the field it complains of.
    named = None if field else _NAMED.fullmatch(message)
    return (
        FieldError(field=named[1], message=named[2])
        if named
        else FieldError(field=field or "body", message=message)
    )


PROBLEMS = ProblemDetailsConfig(
    exception_to_problem_detail_map={
        GatewayError: from_gateway,
        HTTPException: from_http,
        RecursionError: from_depth,
        Exception: from_bug,
    }
)
