"""Named sets of policies, from files that the gateway's owner keeps."""

import logging
import re
from collections.abc import Collection
from pathlib import Path
from typing import Protocol

import yaml
from pydantic import ValidationError

from sidecar.kit.errors import InvalidInputError
from sidecar.registry.models import PRESET_PATTERN, Registration
from sidecar.registry.policies.models import Policies
from sidecar.registry.policies.rules import check_plugins, check_terms

_log = logging.getLogger("gatehouse.registry")
_NONE = Policies.model_validate({})


class PresetStore(Protocol):
    def find(self, name: str) -> Policies | None:
        """Answer the preset of this name, or `None`; raises `ValueError` where it is unusable."""
        ...

    def names(self) -> list[str]:
        """Answer what there is, in order."""
        ...


class FilePresetStore:
    """One YAML file for each preset, named after it; read when asked for, so edits hold at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, name: str) -> Policies | None:
        try:
            text = (self._folder / f"{name}.yaml").read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"can not be read: {type(error).__name__}") from error
        try:
            found = Policies.model_validate(yaml.safe_load(text) or {})
            _check_nulls(found, _NONE, "nothing stands below a preset")
        except InvalidInputError as error:
            raise ValueError(str(error)) from error
        except yaml.YAMLError as error:
            raise ValueError("is no YAML") from error
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            where = ".".join(map(str, first["loc"])) or "it"
            raise ValueError(f"{where}: {first['msg'].removeprefix('Value error, ')}") from error
        return found

    def names(self) -> list[str]:
        found = (file.stem for file in self._folder.glob("*.yaml"))
        return sorted(name for name in found if re.fullmatch(PRESET_PATTERN, name))


class PolicyBook:
    """What this gateway offers: presets, third-party plugins, a limit shared between edges."""

    def __init__(
        self, presets: PresetStore, *, plugins: Collection[str] = (), shares_limits: bool = False
    ) -> None:
        self._presets = presets
        self._plugins = frozenset(plugins)
        self._shares_limits = shares_limits

    def settle(self, wanted: Registration) -> Registration:
        """Answer a registration with all its policies in it, those of its preset included.

        Raises `InvalidInputError` for a preset or a plugin that is not there, and for policies
        that do not fit the service.
        """
        settled = wanted.model_copy(update={"policies": self._with_preset(wanted)})
        check_plugins(settled.policies, self._plugins)
        limit = settled.policies.rate_limit
        if limit and limit.shared and not self._shares_limits:
            raise InvalidInputError.of(
                "policies.rateLimit.shared", "is not offered here: GATEHOUSE_LIMITS_VALKEY is empty"
            )
        check_terms(settled)
        return settled

    def _with_preset(self, wanted: Registration) -> Policies:
        if wanted.preset is None:
            _check_nulls(wanted.policies, _NONE, "no preset is named")
            return wanted.policies
        try:
            preset = self._presets.find(wanted.preset)
        except ValueError as error:
            _log.error("The preset %s is unusable: %s", wanted.preset, error)
            raise InvalidInputError.of("preset", f"{wanted.preset!r} {error}") from error
        if preset is None:
            known = ", ".join(self._presets.names()) or "none"
            raise InvalidInputError.of("preset", f"{wanted.preset!r} is not one of: {known}")
        _check_nulls(wanted.policies, preset, f"the preset {wanted.preset!r} does not have it")
        try:
            return wanted.policies.over(preset)
        except ValidationError as error:
            message = error.errors(include_input=False, include_url=False)[0]["msg"]
            raise InvalidInputError.of(
                "policies", f"with the preset: {message.removeprefix('Value error, ')}"
            ) from error


def _check_nulls(given: Policies, preset: Policies, why: str) -> None:
    # `keyauth:` with nothing after it is null in YAML, and was meant to protect the service.
    for field in given.model_fields_set:
        if getattr(given, field) is None and getattr(preset, field) is None:
            name = Policies.model_fields[field].alias
            raise InvalidInputError.of(
                f"policies.{name}",
                f"is null, which switches off what a preset gives, and {why}; for a policy with its"
                f' defaults write "{name}": {{}}',
            )
