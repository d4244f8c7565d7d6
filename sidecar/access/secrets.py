"""Generated secrets in files that only their owner can read."""

import os
from collections.abc import Callable
from pathlib import Path

SECRET_MODE = 0o600


def ensure_secret_file(path: Path, make: Callable[[], str]) -> str:
    """Answer the secret in a file, making it first where there is none.

    The file appears whole or not at all (written aside, then linked), and of several processes
    that start at once one wins and all read the same secret. Raises `ValueError` for an empty file.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        aside = path.with_name(f".{path.name}.{os.getpid()}")
        _write(aside, make())
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


def _write(path: Path, secret: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, SECRET_MODE)
    with os.fdopen(descriptor, "w") as file:
        file.write(secret + "\n")
        file.flush()
        os.fsync(file.fileno())
