"""What one service adds to the merged document."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from sidecar.openapi.errors import UnreadableDocumentError
from sidecar.openapi.models import Part, ShownPath
from sidecar.openapi.paths import ShownItem, shape_of, shown_paths
from sidecar.openapi.references import Document, listing, mapping
from sidecar.openapi.rewrite import Rewriter
from sidecar.openapi.security import secured
from sidecar.openapi.stub import document_of
from sidecar.registry.models import ServiceTerms
from sidecar.registry.policies.models import Policies

GATEWAY = "gateway"
_MAX_PART_BYTES = 32 * 1024 * 1024
_NO_POLICIES = Policies.model_validate({})
_NOTHING: Document = {"openapi": "3.1.0"}
_UNREADABLE = (UnreadableDocumentError, RecursionError, ValueError, TypeError)


def describe(terms: ServiceTerms, document: Document | None, *, public_url: str = "") -> Part:
    """Answer what a service adds, by its terms and its OpenAPI 3.x document, if it has one.

    Where the document can not be read, the routes stand in for it, and where these can not be
    either, the name alone does: `failure` then says why. `public_url` is the edge's, for services
    that have a host of their own.
    """
    if terms.expose == "none":
        return Part(terms.name)
    try:
        return _described(terms, _NOTHING if document is None else document, public_url)
    except _UNREADABLE as error:
        failure = _reason(error)
    try:
        part = _described(terms, _NOTHING, public_url)
    except _UNREADABLE:
        part = _described(terms.model_copy(update={"routes": ()}), _NOTHING, public_url)
    return replace(part, failure=failure)


def describe_gateway(document: Document) -> Part:
    """Answer what the gateway's own document adds: its paths are the edge's already."""
    shown = [ShownItem(path, path, item) for path, item in document["paths"].items()]
    return _part(Part(GATEWAY), document, shown, everything=True)


def _described(terms: ServiceTerms, document: Document, public_url: str) -> Part:
    if not isinstance(document, Mapping) or not str(document.get("openapi")).startswith("3."):
        raise UnreadableDocumentError("It is no OpenAPI 3.x document: 'openapi' must say '3.…'.")
    stub = document_of(terms.routes)
    shown = [
        replace(item, fields=_servers(terms.host, public_url))
        for item in shown_paths(document, stub, terms)
    ]
    part = Part(
        terms.name,
        host=terms.host,
        prefix=terms.prefix,
        description=terms.description or str(mapping(document.get("info")).get("title", "")),
    )
    return _part(
        part,
        _with_schemas(document, stub),
        shown,
        everything=terms.expose == "all",
        policies=terms.policies,
    )


def _with_schemas(document: Document, stub: Document) -> Document:
    components = mapping(document.get("components"))
    schemas = {**mapping(components.get("schemas")), **stub["components"]["schemas"]}
    return {**document, "components": {**components, "schemas": schemas}}


def _servers(host: str | None, public_url: str) -> Mapping[str, Any]:
    if host is None:
        return {}
    edge = urlsplit(public_url)
    scheme = f"{edge.scheme}:" if edge.scheme else ""
    port = f":{edge.port}" if edge.port else ""
    return {"servers": [{"url": f"{scheme}//{host}{port}"}]}


def _part(
    part: Part,
    document: Document,
    shown: Iterable[ShownItem],
    *,
    everything: bool,
    policies: Policies = _NO_POLICIES,
) -> Part:
    rewriter, encoder = Rewriter(part.service, document), _Encoder()
    if everything:
        rewriter.claim_everything()
    paths = tuple(
        ShownPath(item.path, shape_of(item.path), encoder.encode(_item(rewriter, item, policies)))
        for item in shown
    )
    webhooks = mapping(document.get("webhooks")) if everything else {}
    hooks = tuple(
        encoder.entry(
            f"{part.service}.{name}", rewriter.rewrite(item, "PathItem", "webhooks", name)
        )
        for name, item in webhooks.items()
    )
    components: dict[str, list[bytes]] = {}
    for section, key, value in rewriter.components():
        components.setdefault(section, []).append(encoder.entry(key, value))
    tags = rewriter.names.tags or {"": part.service}
    return replace(
        part,
        paths=paths,
        webhooks=hooks,
        components={section: b",".join(entries) for section, entries in components.items()},
        tags=tuple(encoder.encode(tag) for tag in _tags(tags, document, part.description)),
        tag_names=tuple(tags.values()),
        operations=rewriter.operations,
        findings=tuple(rewriter.findings),
    )


def _item(rewriter: Rewriter, shown: ShownItem, policies: Policies) -> dict[str, Any]:
    item = rewriter.rewrite(shown.item, "PathItem", "paths", shown.source)
    return {**secured(item, policies), **shown.fields}


def _tags(
    names: Mapping[str, str], document: Document, description: str
) -> Iterator[dict[str, Any]]:
    declared = {
        tag["name"]: tag
        for tag in listing(document.get("tags"))
        if isinstance(tag, Mapping) and isinstance(tag.get("name"), str)
    }
    for old, new in names.items():
        about = declared.get(old, {"description": description} if description else {})
        kept = {key: about[key] for key in ("description", "externalDocs") if about.get(key)}
        yield {"name": new, "x-displayName": old or new, **kept}


def _reason(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "The document is nested too deeply."
    return str(error)


class _Encoder:
    """Writes JSON, up to a size that only a document reaches whose references multiply it."""

    def __init__(self) -> None:
        self._left = _MAX_PART_BYTES

    def encode(self, value: Any) -> bytes:
        encoded = json.dumps(
            value, ensure_ascii=False, allow_nan=False, separators=(",", ":")
        ).encode()
        self._left -= len(encoded)
        if self._left < 0:
            raise UnreadableDocumentError(f"It comes to more than {_MAX_PART_BYTES} bytes.")
        return encoded

    def entry(self, key: str, value: Any) -> bytes:
        return self.encode(key) + b":" + self.encode(value)
