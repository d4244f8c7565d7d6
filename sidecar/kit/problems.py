"""The one mapping from failures to `application/problem+json` (RFC 9457)."""

import logging
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from litestar.exceptions import HTTPException
from litestar.plugins.problem_details import ProblemDetailsConfig, ProblemDetailsException

from sidecar.kit.errors import FieldError, GatewayError, InvalidInputError
from sidecar.kit.values import in_words

_log = logging.getLogger("gatehouse")
# What msgspec says of parameters; of fields `Value` itself has spoken plainly.
_MISMATCH = re.compile(r"Expected `str` matching regex '(.*)'", re.DOTALL)
_PLAIN = {"Expected `bool`, got `str`": "must be true or false"}
# Litestar's words on a body that is not there, or `null`.
_NO_BODY = ("data", "'data'")
# Where pydantic means the name of an entry, and not what is under it.
_OF_NAME = ".[key]"
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
        if isinstance(item, Mapping) and "message" in item
    ]


def _field_error(field: str, message: str) -> FieldError:
    if (field, message) == _NO_BODY:
        return FieldError(field="body", message="is needed, as a JSON object")
    mismatch = _MISMATCH.fullmatch(message)
    message = in_words(mismatch[1]) if mismatch else _PLAIN.get(message, message)
    message = message.removeprefix("Value error, ")
    # A rule between fields begins its message with the field it complains of.
    named = None if field else _NAMED.fullmatch(message)
    return (
        FieldError(field=named[1], message=named[2])
        if named
        else FieldError(field=field.removesuffix(_OF_NAME) or "body", message=message)
    )


PROBLEMS = ProblemDetailsConfig(
    exception_to_problem_detail_map={
        GatewayError: from_gateway,
        HTTPException: from_http,
        RecursionError: from_depth,
        Exception: from_bug,
    }
)
