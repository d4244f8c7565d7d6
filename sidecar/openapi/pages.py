"""The documentation's pages and what they are made of, all of it from our own files."""

import hashlib
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template

from swagger_ui_bundle import swagger_ui_path  # type: ignore[import-untyped]

from sidecar.openapi.errors import PageNotFoundError
from sidecar.openapi.problems import problems

_STATIC = Path(__file__).parent / "static"
_MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".png": "image/png"}
_ASSETS = {
    "style": _STATIC / "docs.css",
    "script": _STATIC / "docs.js",
    "favicon": swagger_ui_path / "favicon-32x32.png",
    "swagger_style": swagger_ui_path / "swagger-ui.css",
    "swagger_script": swagger_ui_path / "swagger-ui-bundle.js",
}
_MOST_LISTED = 150


@dataclass(frozen=True)
class Asset:
    """A file as it is served; its ETag is part of the address that pages know it by."""

    body: bytes
    media_type: str
    etag: str


class Pages:
    """Reads every file once, when it is made."""

    def __init__(self) -> None:
        self._assets = {path.name: _read(path) for path in _ASSETS.values()}
        self._addresses = {
            key: f"/docs/{path.name}?v={self._assets[path.name].etag}"
            for key, path in _ASSETS.items()
        }
        self._docs = Template((_STATIC / "docs.html").read_text("utf-8"))
        self._problem = Template((_STATIC / "problem.html").read_text("utf-8"))

    def asset(self, name: str) -> Asset:
        """Answer a file, or raise `PageNotFoundError`."""
        asset = self._assets.get(name)
        if asset is None:
            raise PageNotFoundError(f"/docs/{name} is no file of the documentation.")
        return asset

    def docs(self, operations: int) -> str:
        """Answer the page that shows the merged document; many operations begin folded."""
        expansion = "list" if operations <= _MOST_LISTED else "none"
        return self._docs.substitute(self._addresses, expansion=expansion)

    def problem(self, slug: str) -> str:
        """Answer the page about one type of problem, or raise `PageNotFoundError`."""
        problem = problems().get(slug)
        if problem is None:
            raise PageNotFoundError(f"/problems/{slug} is no type of problem here.")
        return self._problem.substitute(
            self._addresses,
            slug=escape(problem.slug),
            title=escape(problem.title),
            status=problem.status,
            text=escape(problem.text),
        )


def _read(path: Path) -> Asset:
    body = path.read_bytes()
    return Asset(body, _MEDIA_TYPES[path.suffix], hashlib.sha256(body).hexdigest()[:16])
