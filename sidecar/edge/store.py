"""Where the edge configuration lies."""

import os
from pathlib import Path
from typing import Protocol

from sidecar.edge.errors import ConfigurationFileError

READABLE = 0o644


class ConfigurationStore(Protocol):
    def read(self) -> str | None:
        """Answer the generated configuration as it lies there, or `None`."""
        ...

    def write(self, text: str) -> None:
        """Put a whole configuration in its place; raises `ConfigurationFileError`."""
        ...


class FileConfigurationStore:
    """`services.yaml` in the directory that Traefik watches.

    It is written elsewhere on the same file system and renamed into place: Traefik reads its
    whole directory again at every event there, also for a temporary file.
    """

    def __init__(self, watched: Path, staging: Path) -> None:
        self._target = watched / "services.yaml"
        self._staged = staging / "services.yaml"

    def read(self) -> str | None:
        try:
            return self._target.read_text()
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationFileError(f"{self._target} can not be read: {error}") from error

    def write(self, text: str) -> None:
        try:
            replace_file(self._target, text, staged=self._staged, mode=READABLE)
        except OSError as error:
            raise ConfigurationFileError(f"{self._target} can not be written: {error}") from error


def replace_file(target: Path, text: str, *, staged: Path, mode: int) -> None:
    """Replace a file in one step, surviving a power cut: the old content or the new, whole."""
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
