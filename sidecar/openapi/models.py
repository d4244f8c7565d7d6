"""What the merge takes and gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

State = Literal["ready", "pending", "failed"]


@dataclass(frozen=True)
class Finding:
    """One thing that is not shown as its document has it, and where it stood there."""

    pointer: str
    message: str


@dataclass(frozen=True)
class ShownPath:
    """One path at the edge; `shape` is the same for paths that differ in parameter names only."""

    path: str
    shape: str
    item: bytes


@dataclass(frozen=True)
class Part:
    """What one service adds to the merged document, as JSON that is only joined.

    Every name in it carries the service's own, so that parts never collide but in their paths.
    `failure` says why its own document is not in it.
    """

    service: str
    host: str | None = None
    prefix: str = ""
    description: str = ""
    paths: tuple[ShownPath, ...] = ()
    webhooks: tuple[bytes, ...] = ()
    components: Mapping[str, bytes] = field(default_factory=dict)
    tags: tuple[bytes, ...] = ()
    tag_names: tuple[str, ...] = ()
    operations: int = 0
    findings: tuple[Finding, ...] = ()
    failure: str | None = None


@dataclass(frozen=True)
class Merged:
    """One document of everything, and the paths that another service has in its place."""

    body: bytes
    shadowed: tuple[Finding, ...]


@dataclass(frozen=True)
class Shown:
    """What is shown of a service, and the document behind it if it was fetched."""

    part: Part
    state: State
    reason: str = ""
    raw: bytes | None = None
    source: object = None
    """Where `raw` came from: it is fetched again when this is another."""


@dataclass(frozen=True)
class Published:
    """The merged document as it is served."""

    body: bytes
    etag: str


@dataclass(frozen=True)
class DocumentReport:
    """How a service's description fares."""

    service: str
    state: State
    reason: str
    operations: int
    findings: tuple[Finding, ...]
