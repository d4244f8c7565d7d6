"""Settings, or a sentence that names what is wrong with them."""

from pathlib import Path

from pydantic import ValidationError

from sidecar.settings import Settings
from stack.errors import StackError


def read_settings(env_file: Path) -> Settings:
    """Read the environment and `.env`. Raises `StackError` naming each variable that is wrong."""
    try:
        return Settings(_env_file=env_file)
    except ValidationError as error:
        lines = [
            f"  GATEHOUSE_{str(each['loc'][0]).upper()} is {each['input']!r}: {each['msg']}"
            for each in error.errors()
        ]
        message = f"Settings that cannot be used (environment or {env_file.name}):"
        raise StackError("\n".join([message, *lines])) from error
    except UnicodeDecodeError as error:
        raise StackError(f"{env_file} is not UTF-8 text: {error}") from error
    except OSError as error:
        raise StackError(f"{env_file} cannot be read: {error.strerror}") from error
