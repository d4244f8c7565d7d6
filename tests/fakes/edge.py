"""A Traefik and its watched file, in memory."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sidecar.edge.errors import ConfigurationFileError, TraefikAwayError


@dataclass
class FakeTraefik:
    """Takes what is written unless `refuses` says otherwise, and keeps running the last it took.

    Stands for the watched file (`ConfigurationStore`) and for the API (`TraefikClient`).
    `unbuildable` are parts of router names that it disables, with its reason.
    """

    text: str | None = None
    running: str = ""
    refuses: Callable[[str], bool] = lambda _: False
    unbuildable: dict[str, str] = field(default_factory=dict)
    is_away: bool = False
    is_read_only: bool = False
    writes: list[str] = field(default_factory=list)
    asked: int = 0

    def read(self) -> str | None:
        return self.text

    def write(self, text: str) -> None:
        if self.is_read_only:
            raise ConfigurationFileError("services.yaml can not be written: no space left")
        self.text = text
        self.writes.append(text)
        if not self.refuses(text):
            self.running = text

    async def has_router(self, name: str) -> bool:
        self._answer()
        return f'"{name}":' in self.running

    async def disabled_routers(self) -> dict[str, str]:
        self._answer()
        return {
            name.split()[0]: reason
            for name, reason in self.unbuildable.items()
            if name in self.running
        }

    def _answer(self) -> None:
        self.asked += 1
        if self.is_away:
            raise TraefikAwayError("connection refused")


class FakeTraefikClient:
    """Answers from a script: whether the router is there, or `None` for no answer at all."""

    def __init__(self, *script: bool | None, disabled: dict[str, str] | None = None) -> None:
        self._script = list(script)
        self._disabled = disabled or {}
        self.asked: list[str] = []

    async def has_router(self, name: str) -> bool:
        self.asked.append(name)
        # The last answer stays.
        answer = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        if answer is None:
            raise TraefikAwayError("connection refused")
        return answer

    async def disabled_routers(self) -> dict[str, str]:
        return self._disabled
