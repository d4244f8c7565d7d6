"""Where the edge configuration lies."""

from pathlib import Path
from typing import Protocol

from sidecar.edge.errors import ConfigurationFileError
from sidecar.kit.files import replace_file

READABLE = 0o644
# Hashes of passwords stand in it, and the password with which shared limits are counted.
_GUARDED = 0o640


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
            replace_file(self._target, text, staged=self._staged, mode=_GUARDED)
        except OSError as error:
            raise ConfigurationFileError(f"{self._target} can not be written: {error}") from error
