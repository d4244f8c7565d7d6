"""Generated secrets in files that only their owner can read."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path


def ensure_secret_file(path: Path, make: Callable[[], str]) -> str:
    """Answer the secret in a file, making it first where there is none.

    The file appears whole or not at all (written aside, then linked), and of several processes
    that start at once one wins and all read the same secret. Raises `ValueError` for an empty file.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        aside = _write_aside(path, make())
        try:
            path.hardlink_to(aside)
        except FileExistsError:
            pass
        finally:
            aside.unlink()
    secret = path.read_text().strip()
    if not secret:
        raise ValueError(f"{path} is empty; delete it and start again to have a new one made.")
    return secret


def _write_aside(path: Path, secret: str) -> Path:
    # Nobody else's: containers that share a volume have the same process ids. Its mode is 0600.
    descriptor, aside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret + "\n")
        file.flush()
        os.fsync(file.fileno())
    return Path(aside)
