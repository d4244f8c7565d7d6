"""Files that others read while they are written."""

import os
from pathlib import Path


def replace_file(target: Path, text: str, *, staged: Path, mode: int) -> None:
    """Replace a file in one step, surviving a power cut: the old content or the new, whole.

    `staged` is where it is written first, on the same file system. Raises `OSError`.
    """
    staged.parent.mkdir(parents=True, exist_ok=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w") as file:
        # A file that a crash left there has a mode of its own.
        os.fchmod(descriptor, mode)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    staged.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
