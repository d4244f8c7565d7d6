"""The names that one service's document has, and the ones they get in the merged document."""

import re
from collections import deque
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from sidecar.openapi.grammar import SECTIONS
from sidecar.openapi.references import Document, Pointer, find, mapping, parse, write

_ILLEGAL = re.compile(r"[^a-zA-Z0-9._-]")  # OAS 3.1 section 4.8.7
_KINDS = {section: kind for kind, section in SECTIONS.items()}
_COMPONENT = len(("components", "section", "key"))
_SCHEMAS = ("components", "schemas")


class Namespace:
    """New names for old: one for each thing, no two alike, legal, and the same every time.

    A service's name has no dot and no slash, so `name.key` and `name/tag` are nobody else's.
    """

    def __init__(self, service: str, document: Document) -> None:
        self.tags: dict[str, str] = {}
        """The tags in use, by their name in the document; "" stands for no tag."""
        self.pending: deque[tuple[str, Pointer, str]] = deque()
        """Components that were named and are still to be rewritten: kind, old place, new key."""
        self._service = service
        self._document = document
        self._components = mapping(document.get("components"))
        self._keys: dict[tuple[str, Pointer], str] = {}
        self._taken: set[tuple[str, str]] = set()
        self._old_keys: dict[str, str] = {}
        self._operation_ids = set(_operation_ids(document, self._components))

    def claim_components(self) -> None:
        """Name every component, also those that nothing refers to."""
        for kind, section in SECTIONS.items():
            # Path items are copied to where they are used.
            if kind != "PathItem":
                keys = mapping(self._components.get(section))
                for key in sorted(keys, key=lambda key: bool(_ILLEGAL.search(key))):
                    self._claim(kind, ("components", section, key))

    def reference(self, old: Any, kind: str) -> str | None:
        """Answer where a reference leads from now on, or `None` where it leads nowhere.

        What is not a component, such as `#/paths/…`, becomes one.
        """
        pointer = parse(old) if isinstance(old, str) else None
        if pointer is None or find(self._document, old) is None:
            return None
        place = f"#/components/{SECTIONS[kind]}/{self._claim(kind, pointer)}"
        if pointer[:-1] == _SCHEMAS:
            self._old_keys[place] = pointer[-1]
        return place

    def component(self, old: Any) -> str | None:
        """Answer where a component is that an extension refers to, or `None` for anything else."""
        pointer = parse(old) if isinstance(old, str) else None
        kind = _KINDS.get(pointer[1]) if pointer and len(pointer) == _COMPONENT else None
        return (
            self.reference(old, kind) if kind and pointer and pointer[0] == "components" else None
        )

    def schema(self, old: str) -> str | None:
        """Answer where a schema is that a discriminator names, by its key or by a reference."""
        if old in mapping(self._components.get("schemas")):
            return self.reference("#" + write((*_SCHEMAS, old)), "Schema")
        return self.reference(old, "Schema")

    def discriminated(self, place: str) -> str | None:
        """Answer the value that stands for a schema where no mapping says so: its old key."""
        return self._old_keys.get(place)

    def heirs(self, parent: str) -> list[str]:
        """Answer the keys of the schemas that are `allOf` another, directly or not."""
        found = list(self._children.get(parent, ()))
        for heir in found:
            found += [key for key in self._children.get(heir, ()) if key not in found]
        return found

    def security_scheme(self, old: str) -> str | None:
        """Answer the new key of a security scheme, or `None` where there is no such scheme."""
        pointer = ("components", "securitySchemes", old)
        known = old in mapping(self._components.get("securitySchemes"))
        return self._claim("SecurityScheme", pointer) if known else None

    def tag(self, old: str = "") -> str:
        new = f"{self._service}/{old}" if old else self._service
        return self.tags.setdefault(old, new)

    def operation_id(self, old: str) -> str:
        """Answer a new `operationId`; a second one of the same name gets a number."""
        return self._unused("operation", f"{self._service}.{old}")

    def linked_operation(self, link: Mapping[str, Any]) -> str | None:
        """Answer the `operationId` that a link means, by name or by reference, or `None`."""
        old = link.get("operationId")
        if old is None and isinstance(link.get("operationRef"), str):
            old = mapping(find(self._document, link["operationRef"])).get("operationId")
        return f"{self._service}.{old}" if old in self._operation_ids else None

    @cached_property
    def _children(self) -> Mapping[str, list[str]]:
        children: dict[str, list[str]] = {}
        for key, schema in mapping(self._components.get("schemas")).items():
            parts = mapping(schema).get("allOf")
            for part in parts if isinstance(parts, list) else []:
                pointer = parse(str(mapping(part).get("$ref")))
                if pointer and pointer[:-1] == _SCHEMAS:
                    children.setdefault(pointer[-1], []).append(key)
        return children

    def _claim(self, kind: str, pointer: Pointer) -> str:
        section = SECTIONS[kind]
        key = self._keys.get((section, pointer))
        if key is None:
            words = pointer[2:] if pointer[:2] == ("components", section) else pointer
            key = self._unused(section, _ILLEGAL.sub("_", ".".join((self._service, *words))))
            self._keys[section, pointer] = key
            self.pending.append((kind, pointer, key))
        return key

    def _unused(self, section: str, wanted: str) -> str:
        name, number = wanted, 2
        while (section, name) in self._taken:
            name, number = f"{wanted}.{number}", number + 1
        self._taken.add((section, name))
        return name


def _operation_ids(document: Document, components: Mapping[str, Any]) -> list[str]:
    items = [
        *mapping(document.get("paths")).values(),
        *mapping(components.get("pathItems")).values(),
    ]
    ids = [mapping(entry).get("operationId") for item in items for entry in mapping(item).values()]
    return [item for item in ids if isinstance(item, str)]
