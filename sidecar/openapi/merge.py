"""The parts of all services, joined to one OpenAPI 3.1 document."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sidecar.openapi.describe import GATEWAY
from sidecar.openapi.grammar import SECTIONS
from sidecar.openapi.models import Finding, Merged, Part
from sidecar.openapi.references import write


def merge(parts: Iterable[Part], *, info: Mapping[str, Any], server: str = "/") -> Merged:
    """Join parts by their services' names, the gateway's last; same parts, same bytes.

    `server` is where the edge is, relative to the page or as a whole URL.
    """
    ordered = sorted(parts, key=lambda part: (part.service == GATEWAY, part.service))
    paths, shadowed = _paths(ordered)
    components = {
        section: b"{%b}" % b",".join(held)
        for section in SECTIONS.values()
        if (held := [part.components[section] for part in ordered if section in part.components])
    }
    webhooks = [hook for part in ordered for hook in part.webhooks]
    groups = [{"name": part.service, "tags": part.tag_names} for part in ordered if part.tag_names]
    body = _object(
        {
            "openapi": b'"3.1.0"',
            "info": _json(info),
            "servers": _json([{"url": server}]),
            "paths": _object(paths),
            **({"webhooks": b"{%b}" % b",".join(webhooks)} if webhooks else {}),
            "components": _object(components),
            "tags": b"[%b]" % b",".join(tag for part in ordered for tag in part.tags),
            "x-tagGroups": _json(groups),
        }
    )
    return Merged(body, tuple(shadowed))


def _paths(parts: Sequence[Part]) -> tuple[dict[str, bytes], list[Finding]]:
    holders = _holders(parts)
    kept: dict[str, bytes] = {}
    shadowed = []
    for part in parts:
        for shown in part.paths:
            holder = holders[shown.shape]
            if holder is part:
                kept[shown.path] = shown.item
            elif holder.host != part.host:
                # On another host it is another path. A fragment makes another key of it, and is
                # no part of what is sent.
                kept[f"{shown.path}#{part.service}"] = shown.item
            else:
                message = f"{part.service!r} describes it, but {holder.service!r} gets it."
                shadowed.append(Finding(write(("paths", shown.path)), message))
    return kept, shadowed


def _holders(parts: Iterable[Part]) -> dict[str, Part]:
    """Answer whose each path is: where prefixes nest, the edge gives it to the longer one."""
    holders: dict[str, Part] = {}
    for part in sorted(parts, key=lambda part: (part.host or "", -len(part.prefix), part.service)):
        for shown in part.paths:
            holders.setdefault(shown.shape, part)
    return holders


def _object(entries: Mapping[str, bytes]) -> bytes:
    return b"{%b}" % b",".join(_json(key) + b":" + value for key, value in entries.items())


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
