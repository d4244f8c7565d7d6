"""Every type of problem that the gateway answers with, in a paragraph each."""

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from inspect import cleandoc

from litestar.exceptions import HTTPException

from sidecar.kit.errors import GatewayError
from sidecar.kit.problems import from_http

_FIRST_ERROR = 400


@dataclass(frozen=True)
class Problem:
    """One problem type (RFC 9457 section 3.1.1)."""

    slug: str
    title: str
    status: int
    text: str


def problems() -> dict[str, Problem]:
    """Answer all types by their slug: those of the framework, then our own."""
    return {problem.slug: problem for problem in (*_of_http(), *_of_gateway(GatewayError))}


def _of_gateway(parent: type[GatewayError]) -> Iterator[Problem]:
    for kind in parent.__subclasses__():
        if "slug" in vars(kind):
            text = cleandoc(kind.__doc__ or kind.title)
            yield Problem(kind.slug, kind.title, kind.status, text)
        yield from _of_gateway(kind)


def _of_http() -> Iterator[Problem]:
    text = "The gateway failed on this request. Its log says more."
    yield Problem("internal-error", "Internal error", 500, text)
    for status in HTTPStatus:
        if status >= _FIRST_ERROR:
            shown = from_http(HTTPException(status_code=status))
            slug = str(shown.type_).rpartition("/")[2]
            yield Problem(slug, status.phrase, status, status.description or status.phrase)
