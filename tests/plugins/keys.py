"""Key files as the sidecar writes them."""

import hashlib
import json
from pathlib import Path
from typing import Any

TOKEN = "gate_a1b2c3d4e5f6_" + "s" * 43
"""The key of most tests."""


def an_entry(**more: Any) -> dict[str, Any]:
    """Answer what the file says of the key of most tests."""
    return {"id": "a1b2c3d4e5f6", "consumer": "alice", "scopes": ["edge:call"], **more}


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def write_keys(path: Path, entries: dict[str, dict[str, Any]]) -> None:
    """Write a key file whole, as the sidecar does; `entries` are by their token."""
    keys = {hash_of(token): entry for token, entry in entries.items()}
    replace(path, json.dumps({"version": 1, "keys": keys}))


def replace(path: Path, content: str | bytes) -> None:
    staged = path.with_suffix(".staged")
    staged.write_bytes(content if isinstance(content, bytes) else content.encode())
    staged.replace(path)
