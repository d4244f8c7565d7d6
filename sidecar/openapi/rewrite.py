"""One walk over a service's document that puts every name in it into the service's own space."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from sidecar.openapi.convert import schema_to_31
from sidecar.openapi.errors import UnreadableDocumentError
from sidecar.openapi.grammar import FIELDS, SECTIONS
from sidecar.openapi.models import Finding
from sidecar.openapi.namespace import Namespace
from sidecar.openapi.references import Document, at, listing, mapping, write

_DROPPED: Final = object()
# What takes the place of a reference that leads nowhere; other kinds are left out.
_STANDINS: Mapping[str, Mapping[str, Any]] = {
    "RequestBody": {"content": {}},
    "Response": {"description": "Described elsewhere, where the gateway does not look."},
}
# Keywords that change what a reference is relative to. Nearly every document that has them means
# references within itself all the same.
_BASE_KEYWORDS = ("$id", "$anchor", "$dynamicAnchor", "$dynamicRef", "$recursiveRef")

Node = dict[str, Any]


class Rewriter:
    """Rewrites the pieces of one document, which stays as it is.

    Components are rewritten when something has named them. What can not be kept is in `findings`.
    """

    def __init__(self, service: str, document: Document) -> None:
        self.names = Namespace(service, document)
        self.findings: list[Finding] = []
        self.operations = 0
        self._document = document
        self._is_30 = str(document.get("openapi")).startswith("3.0")
        self._trail: list[str] = []
        self._finish: Mapping[str, Callable[[Node], Any]] = {
            "PathItem": self._path_item,
            "Operation": self._operation,
            "Schema": self._schema,
            "Link": self._link,
        }

    def rewrite(self, node: Any, kind: str, *pointer: str) -> Any:
        """Answer a piece of the document in the service's space; `pointer` is where it stands.

        Raises `UnreadableDocumentError` where the piece is not built as OpenAPI says.
        """
        self._trail = list(pointer)
        return self._visit(node, kind)

    def claim_everything(self) -> None:
        """Have all components rewritten and all tags shown, in use or not."""
        self.names.claim_components()
        for tag in listing(self._document.get("tags")):
            if isinstance(name := mapping(tag).get("name"), str):
                self.names.tag(name)
        for path in mapping(self._document.get("paths")):
            if not str(path).startswith(("/", "x-")):
                self._trail = ["paths", str(path)]
                self.note("A path begins with '/'; this one is left out.")

    def components(self) -> Iterator[tuple[str, str, Any]]:
        """Answer section, key and value of everything that was named and not yet rewritten."""
        while self.names.pending:
            kind, pointer, key = self.names.pending.popleft()
            value = self.rewrite(at(self._document, pointer), kind, *pointer)
            if value is not _DROPPED:
                yield SECTIONS[kind], key, value

    def note(self, message: str) -> None:
        """Tell of something at the present place that is not kept."""
        self.findings.append(Finding(write(self._trail), message))

    def _visit(self, node: Any, kind: str) -> Any:
        if kind == "Schema" and isinstance(node, bool):
            return node
        if not isinstance(node, Mapping):
            raise UnreadableDocumentError(f"{write(self._trail) or '/'} must be an object: {kind}.")
        if "$ref" in node and kind not in {"Schema", "PathItem"}:
            return self._reference(node, kind)
        result = self._fields(
            schema_to_31(node) if kind == "Schema" and self._is_30 else node, kind
        )
        finish = self._finish.get(kind)
        return finish(result) if finish else result

    def _fields(self, node: Mapping[str, Any], kind: str) -> Node:
        fields = FIELDS[kind]
        result: Node = {}
        for key, value in node.items():
            inner = fields.get(key) or fields.get("*")
            if key.startswith("x-") and key not in fields:
                result[key] = self._extension(value)
            elif inner is None:
                result[key] = value
            # Some generators write null for what is absent.
            elif value is not None and (child := self._child(key, value, inner)) is not _DROPPED:
                result[key] = child
        return result

    def _child(self, key: str, value: Any, shape: str) -> Any:
        self._trail.append(key)
        child: Any
        if shape.startswith("["):
            child = self._items(value, shape[1:-1])
        elif shape.startswith("{"):
            child = self._entries(value, shape[1:-1])
        else:
            child = self._visit(value, shape)
        self._trail.pop()
        return child

    def _items(self, values: Any, kind: str) -> list[Any]:
        if not isinstance(values, list):
            raise UnreadableDocumentError(f"{write(self._trail)} must be a list.")
        items = [self._child(str(index), value, kind) for index, value in enumerate(values)]
        return [item for item in items if item is not _DROPPED]

    def _entries(self, values: Any, kind: str) -> Node:
        if not isinstance(values, Mapping):
            raise UnreadableDocumentError(f"{write(self._trail)} must be an object.")
        entries = {key: self._child(key, value, kind) for key, value in values.items()}
        return {key: item for key, item in entries.items() if item is not _DROPPED}

    def _extension(self, value: Any) -> Any:
        """Keep what an extension holds, but for references to components: those have moved."""
        if isinstance(value, list):
            return [self._extension(item) for item in value]
        if not isinstance(value, Mapping):
            return value
        place = self.names.component(value.get("$ref"))
        rest = {key: self._extension(item) for key, item in value.items()}
        return {**rest, "$ref": place} if place else rest

    def _reference(self, node: Mapping[str, Any], kind: str) -> Any:
        if kind not in SECTIONS:
            raise UnreadableDocumentError(f"{write(self._trail)} can not be a reference.")
        place = self._place(node["$ref"], kind)
        if place is None:
            return dict(_STANDINS[kind]) if kind in _STANDINS else _DROPPED
        texts = {key: node[key] for key in ("summary", "description") if key in node}
        return {"$ref": place, **texts}

    def _path_item(self, node: Node) -> Node:
        node.pop("servers", None)
        return self._with_reference(node, "PathItem")

    def _operation(self, node: Node) -> Node:
        self.operations += 1
        node.pop("servers", None)
        if isinstance(old := node.pop("operationId", None), str):
            node["operationId"] = self.names.operation_id(old)
        tags = node.get("tags")
        named = [tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
        node["tags"] = [self.names.tag(tag) for tag in named or [""]]
        # The document's own requirement does not reach beyond the document.
        required = node.get("security", self._document.get("security"))
        if required is not None:
            node["security"] = self._security(required)
        return node

    def _security(self, required: Any) -> list[Node]:
        alternatives = []
        for alternative in listing(required):
            schemes: Node = {}
            for old, scopes in mapping(alternative).items():
                if (new := self.names.security_scheme(old)) is not None:
                    schemes[new] = scopes
            if len(schemes) == len(mapping(alternative)):
                alternatives.append(schemes)
            else:
                self.note(f"It takes a security scheme that is not there: {[*alternative]}.")
        return alternatives

    def _schema(self, node: Node) -> Node:
        for keyword in _BASE_KEYWORDS:
            if node.pop(keyword, None) is not None:
                self.note(f"{keyword} is left out: references are relative to the document.")
        if "discriminator" in node:
            node["discriminator"] = self._discriminator(node)
        return self._with_reference(node, "Schema")

    def _discriminator(self, node: Node) -> Node:
        old = mapping(node["discriminator"])
        places = {}
        for value, target in mapping(old.get("mapping")).items():
            place = self.names.schema(target) if isinstance(target, str) else None
            if place is None:
                self._note_lost(target)
            else:
                places[value] = place
        # A value that the mapping does not name is the key of a schema, and the keys are new.
        for key, place in self._implied(node):
            if place not in places.values():
                places.setdefault(key, place)
        return {**old, "mapping": places}

    def _implied(self, node: Node) -> Iterator[tuple[str, str]]:
        for choice in (*node.get("oneOf", ()), *node.get("anyOf", ())):
            place = mapping(choice).get("$ref")
            key = self.names.discriminated(place) if place else None
            if place and key:
                yield key, place
        is_component = self._trail[:-1] == ["components", "schemas"]
        for key in self.names.heirs(self._trail[-1]) if is_component else ():
            place = self.names.schema(key)
            if place:
                yield key, place

    def _link(self, node: Node) -> Any:
        node.pop("server", None)
        target = self.names.linked_operation(node)
        if target is None:
            self.note("The link leads to no operation of the document with an operationId.")
            return _DROPPED
        node.pop("operationRef", None)
        return {**node, "operationId": target}

    def _with_reference(self, node: Node, kind: str) -> Node:
        if "$ref" not in node:
            return node
        place = self._place(node.pop("$ref"), kind)
        return node if place is None else {"$ref": place, **node}

    def _place(self, old: Any, kind: str) -> str | None:
        place = self.names.reference(old, kind)
        if place is None and kind == "Schema" and str(old).startswith("#/"):
            place = self._place_within(old)
        if place is None:
            self._note_lost(old)
        return place

    def _place_within(self, old: str) -> str | None:
        """Read a reference as one within a schema that stands here with its own `$defs`.

        Generators of JSON Schema write these, and they are pasted into documents as they are.
        """
        for length in range(len(self._trail), 0, -1):
            place = self.names.reference(f"#{write(self._trail[:length])}{old[1:]}", "Schema")
            if place is not None:
                return place
        return None

    def _note_lost(self, reference: Any) -> None:
        self.note(f"{str(reference)[:200]!r} leads to nothing in the document.")
