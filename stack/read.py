"""Settings, or a sentence that names what is wrong with them."""

from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from sidecar.settings import Settings
from stack.errors import StackError

_TLS = frozenset({"domain", "tls_cert", "tls_key"})
"""What the settings allow only together."""
_SECRETIVE = ("_url", "_URL")


def read_settings(env_file: Path) -> Settings:
    """Read the environment and `.env`. Raises `StackError` naming each variable that is wrong."""
    try:
        return Settings(_env_file=env_file)
    except ValidationError as error:
        lines = [f"  {_complaint(each)}" for each in error.errors()]
        message = f"Settings that cannot be used (environment or {env_file.name}):"
        raise StackError("\n".join([message, *lines])) from error
    except UnicodeDecodeError as error:
        raise StackError(f"{env_file} is not UTF-8 text: {error}") from error
    except OSError as error:
        raise StackError(f"{env_file} cannot be read: {error.strerror}") from error


def read_usable(env_file: Path) -> tuple[Settings, str]:
    """Read what is right, with the default for what is not, and say what that was.

    For what must work on a stack that already runs, whatever has been put into `.env` since.
    """
    try:
        return read_settings(env_file), ""
    except StackError as error:
        if isinstance(error.__cause__, OSError):
            raise
        wrong = error
    # Every byte is a letter in it, so that one that is out of place spoils its own line alone.
    encoding = "latin-1" if isinstance(wrong.__cause__, UnicodeDecodeError) else None
    try:
        found = Settings(_env_file=env_file, _env_file_encoding=encoding)
    except ValidationError as error:
        found = _without({str(each["loc"][0]) for each in error.errors()})(
            _env_file=env_file, _env_file_encoding=encoding
        )
    return found, str(wrong)


def _without(names: AbstractSet[str]) -> type[Settings]:
    """Answer settings that are not told these names."""
    left_out = names | _TLS if names & _TLS else names

    class Usable(Settings):
        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],  # noqa: ARG003 - the library's signature
            *sources: PydanticBaseSettingsSource,
            **named: PydanticBaseSettingsSource,
        ) -> tuple[Any, ...]:
            def told(source: PydanticBaseSettingsSource) -> Any:
                return lambda: {
                    name: value for name, value in source().items() if name not in left_out
                }

            return tuple(told(source) for source in (*sources, *named.values()))

    return Usable


def _complaint(error: Any) -> str:
    place = str(error["loc"][0])
    field = Settings.model_fields.get(place)
    variable = f"GATEHOUSE_{place.upper()}" if field else place
    # A URL may hold a password.
    value = "" if place.endswith(_SECRETIVE) else f" is {error['input']!r}"
    if field and place.endswith("_port"):
        return f"{variable}{value}: must be a port number, such as {field.default}"
    return f"{variable}{value}: {error['msg']}"
