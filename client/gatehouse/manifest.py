"""`gatehouse.yaml`: a registration as a file, which both the SDK and the command line read."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from gatehouse.models import Registration
from gatehouse.policy_check import policy_errors
from gatehouse.safe_yaml import YamlError, read_documents
from gatehouse.spelling import unknown

MANIFEST_BYTES = 256 * 1024


class ManifestError(Exception):
    """A manifest cannot be used; the text names the file and, line by line, what is wrong in it."""

    def __init__(self, detail: str, errors: Sequence[str] = ()) -> None:
        super().__init__("\n  ".join((detail, *errors)))


class _Kind(NamedTuple):
    """What a field may hold; `of` is what each entry of a list may be."""

    types: tuple[type, ...]
    words: str
    of: type | None = None


_TEXT = _Kind((str,), "text: put it in quotes")
_MAPPING = _Kind((dict,), "a mapping")
_NAMES = _Kind((list,), "a list of texts, such as [demo]", str)

FIELDS: Mapping[str, _Kind] = {
    "name": _TEXT,
    "base_url": _TEXT,
    "prefix": _TEXT,
    "host": _TEXT,
    "strip_prefix": _Kind((bool,), "true or false"),
    "instance_id": _TEXT,
    "weight": _Kind((int,), "a whole number"),
    "ttl_seconds": _Kind((int, float, type(None)), "a number of seconds, or null for ever"),
    "health": _Kind((str, dict), "a path such as /health, or a mapping with the path in it"),
    "openapi_url": _TEXT,
    "openapi": _MAPPING,
    "routes": _Kind((list,), "a list of mappings, each with a path", dict),
    "expose": _TEXT,
    "version": _TEXT,
    "description": _TEXT,
    "tags": _NAMES,
    "metadata": _MAPPING,
    "preset": _TEXT,
    "policies": _MAPPING,
    "backup_for": _NAMES,
}
_HINTS = {
    "services": "is not known here: write each service as a document of its own, after a line ---",
    "port": "is not known here: give base_url, such as http://127.0.0.1:8000",
    "url": "is not known here; did you mean base_url?",
    "ttl": "is not known here; did you mean ttl_seconds?",
}


@dataclass(frozen=True)
class Manifest:
    """One service of a file: the fields that are given, each of a kind that can be right.

    Whether its values are is for the gateway to say.
    """

    fields: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.fields["name"])

    def registration(self, **defaults: Any) -> Registration:
        """Build the registration; `defaults` are for fields that are not given."""
        return Registration(**{**defaults, **self.fields})


def read_manifests(path: str | os.PathLike[str]) -> tuple[Manifest, ...]:
    """Read every service of a file: YAML in UTF-8, at most 256 KiB, one document for each service.

    Nothing is expanded in it: no environment variable, no template, no other file. Raises
    ManifestError.
    """
    try:
        documents = read_documents(_read_text(Path(path)))
    except YamlError as error:
        raise ManifestError(f"{path}: {error}") from error
    # A line of --- at the end, or an empty document between two, is nobody's service.
    given = [document for document in documents if document is not None]
    if not given:
        raise ManifestError(f"{path} is empty: it needs at least a name.")
    errors = [
        f"{'' if len(given) == 1 else f'document {number}: '}{error}"
        for number, document in enumerate(given, start=1)
        for error in _errors(document)
    ]
    if errors:
        raise ManifestError(f"{path} is not a manifest:", errors)
    return tuple(Manifest(_said(document)) for document in given)


def find_manifest(path: str | os.PathLike[str], name: str | None = None) -> Manifest:
    """Read one service of a file; its name is needed where the file has several.

    Raises ManifestError.
    """
    found = [each for each in read_manifests(path) if name in (None, each.name)]
    if len(found) == 1:
        return found[0]
    if name is None:
        names = ", ".join(each.name for each in found)
        raise ManifestError(f"{path} has several services: say which one by its name ({names}).")
    raise ManifestError(f"{path} has {len(found) or 'no'} services called {name!r}.")


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MANIFEST_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        # `just` may have gone elsewhere: a relative path would not tell where it was looked for.
        raise ManifestError(f"{path.absolute()} cannot be read: {reason}.") from error
    if len(content) > MANIFEST_BYTES:
        raise ManifestError(f"{path} is longer than {MANIFEST_BYTES // 1024} KiB.")
    try:
        # Editors on Windows put a byte order mark before it.
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ManifestError(f"{path} is not text in UTF-8.") from error


def _said(document: Mapping[str, Any]) -> dict[str, Any]:
    """Take null for "not given", as the gateway does, except where it says something."""
    return {
        key: value for key, value in document.items() if value is not None or key == "ttl_seconds"
    }


def _errors(document: object) -> list[str]:
    if not isinstance(document, dict):
        return ["it must be a mapping of fields, such as `name: orders`"]
    said = _said(document)
    missing = [] if "name" in said else ["name: is missing"]
    wrong = [
        f"{key}: {problem}" for key, value in said.items() if (problem := _problem(key, value))
    ]
    policies = said.get("policies")
    if not isinstance(policies, dict):
        return missing + wrong
    return missing + wrong + policy_errors(policies, has_preset="preset" in said)


def _problem(key: str, value: object) -> str:
    kind = FIELDS.get(key)
    if kind is None:
        return _HINTS.get(key) or unknown(key, FIELDS)
    if key == "preset" and isinstance(value, list):
        return "must be text: one preset only"
    if key == "base_url" and "${" in str(value):
        return "must be written out: nothing is expanded in a manifest"
    # A bool is an int to isinstance.
    is_of_kind = type(value) in kind.types and (
        kind.of is None or all(type(each) is kind.of for each in _entries(value))
    )
    return "" if is_of_kind else f"must be {kind.words}"


def _entries(value: object) -> list[object]:
    return value if isinstance(value, list) else []
