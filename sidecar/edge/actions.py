"""Bringing the registry to the edge, and knowing whether it is there."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from sidecar.edge.confirm import Confirmation, Verdict
from sidecar.edge.errors import ConfigurationFileError
from sidecar.edge.render import Fragment, assemble, owner_of
from sidecar.edge.store import ConfigurationStore
from sidecar.kit.errors import UnavailableError
from sidecar.registry.onboarding import Publication

_log = logging.getLogger("gatehouse.edge")

Fragments = Mapping[str, Fragment]
_REFUSED_FILE = "Traefik does not load the configuration with this service in it; its log says why."
_HANDWRITTEN = (
    "Traefik does not load its configuration directory, not even with the last good services.yaml:"
    " a hand-written file there is at fault. Traefik's log says which."
)
_LOOK_AGAIN_SECONDS = 1.0
_SETTLED_SECONDS = 15.0
_SHORTEST_TRIAL_SECONDS = 1.0


@dataclass
class EdgeStatus:
    """What `ready` and the list of services show of the edge."""

    generation: str = ""
    is_live: bool = False
    fault: str | None = "Nothing has been published yet."
    rejected: dict[str, str] = field(default_factory=dict)


class Edge:
    """Publishes everything registered as one file, and confirms it by its content.

    Requests that arrive while a publication is under way share the next one. What Traefik refuses
    never stays: the last good file goes back, and the services at fault are left out by name.
    """

    def __init__(
        self,
        fragments: Callable[[], Fragments],
        store: ConfigurationStore,
        confirmation: Confirmation,
    ) -> None:
        self._fragments = fragments
        self._store = store
        self._confirmation = confirmation
        self.status = EdgeStatus()
        self._good: dict[str, Fragment] | None = None
        self._inherited = ""
        self._blamed: dict[str, Fragment] = {}
        self._usual_seconds = 0.0
        self._trials = 0
        self._wanted = asyncio.Event()
        self._waiters: list[asyncio.Future[Publication]] = []

    def request(self) -> None:
        """Ask for a publication without waiting for it."""
        self._wanted.set()

    async def publish(self) -> Publication:
        """Wait for the first publication that begins after this call."""
        waiter: asyncio.Future[Publication] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        self._wanted.set()
        return await waiter

    async def run(self) -> None:
        """Publish whenever somebody asked, and look from time to time whether it still stands."""
        with suppress(ConfigurationFileError):
            inherited = await asyncio.to_thread(self._store.read)
            self._inherited = inherited or ""
        while True:
            await self._next()
            waiters, self._waiters = self._waiters, []
            try:
                await self._publish_all()
            except UnavailableError as error:
                self.status.is_live, self.status.fault = False, str(error)
            except Exception:  # noqa: BLE001 - see below
                # A bug here must not end the loop: the edge keeps its last good file.
                _log.exception("A publication failed on a bug.")
                self.status.is_live, self.status.fault = False, "A publication failed on a bug."
            status = self.status
            publication = Publication(status.is_live, status.generation, dict(status.rejected))
            for waiter in waiters:
                if not waiter.done():
                    waiter.set_result(publication)

    async def _next(self) -> None:
        settled = self.status.is_live and self.status.fault is None
        try:
            async with asyncio.timeout(_SETTLED_SECONDS if settled else _LOOK_AGAIN_SECONDS):
                _ = await self._wanted.wait()
        except TimeoutError:
            # Nobody asked: see whether the file and Traefik are still as they were left.
            self.status.is_live = False
        self._wanted.clear()

    async def _publish_all(self) -> None:
        wanted = dict(self._fragments())
        self._forgive(wanted)
        trial = {name: self._allowed(name, item) for name, item in wanted.items()}
        chosen = {name: item for name, item in trial.items() if item is not None}
        verdict = await self._install(chosen)
        while verdict.state == "live" and self._blame(verdict.faults, chosen):
            verdict = await self._install(chosen)
        if verdict.state == "refused":
            await self._recover(chosen)

    def _forgive(self, wanted: Fragments) -> None:
        """Give a service another chance once it asks for something else, or has left."""
        for name in [name for name, item in self._blamed.items() if wanted.get(name) != item]:
            del self._blamed[name]
            del self.status.rejected[name]

    def _allowed(self, name: str, item: Fragment) -> Fragment | None:
        return (self._good or {}).get(name) if name in self._blamed else item

    def _blame(self, faults: Mapping[str, str], chosen: dict[str, Fragment]) -> bool:
        """Put services back whose routers Traefik has disabled; tell whether there were any."""
        ours = {owner_of(router): reason for router, reason in faults.items()}
        guilty = {name: reason for name, reason in ours.items() if name in chosen}
        for name, reason in guilty.items():
            item, good = chosen.pop(name), (self._good or {}).get(name)
            if name not in self._blamed:
                self._reject(name, item, reason)
            # What others end at stays: a backup that is refused itself must not take them down.
            chosen[name] = item.unrouted if good is None or good == item else good
        strangers = sorted(set(faults) - {r for r in faults if owner_of(r) in guilty})
        if strangers and not guilty:
            self.status.fault = (
                f"Traefik has disabled hand-written routers: {', '.join(strangers)}."
            )
        return bool(guilty)

    def _reject(self, name: str, item: Fragment, reason: str) -> None:
        _log.error("The edge refuses %s: %s", name, reason)
        self._blamed[name] = item
        self.status.rejected[name] = reason

    async def _install(
        self, fragments: Fragments, *, note: str = "", seconds: float | None = None
    ) -> Verdict:
        """Write a configuration and see what becomes of it; skipped where it runs already."""
        text, generation = assemble(fragments, note=note)
        status = self.status
        if generation == status.generation and status.is_live and status.fault is None:
            return Verdict("live")
        began = self._confirmation.clock.monotonic()
        self.status.generation, self.status.is_live = generation, False
        try:
            if await asyncio.to_thread(self._store.read) != text:
                await asyncio.to_thread(self._store.write, text)
        except ConfigurationFileError as error:
            _log.error("%s", error)
            self.status.fault = str(error)
            return Verdict("unreachable")
        verdict = await self._confirmation.await_generation(generation, seconds=seconds)
        if verdict.state == "live":
            self.status.is_live, self.status.fault = True, None
            self._usual_seconds = self._confirmation.clock.monotonic() - began
            if not any(owner_of(router) in fragments for router in verdict.faults):
                self._good = dict(fragments)
        elif verdict.state == "unreachable":
            self.status.fault = "Traefik's API does not answer; the edge runs what it last read."
        return verdict

    async def _recover(self, wanted: Fragments) -> None:
        """Put the last good configuration back, then bring in by halves what can be."""
        good = self._last_good(wanted)
        verdict = await self._install(good, note=self._next_note())
        if verdict.state != "live":
            if verdict.state == "refused":
                _log.error(_HANDWRITTEN)
                self.status.fault = _HANDWRITTEN
            return
        good = {name: item for name, item in good.items() if name in wanted}
        changed = [name for name, item in wanted.items() if good.get(name) != item]
        await self._bisect(changed, wanted, good)
        await self._install(good)

    async def _bisect(self, names: list[str], wanted: Fragments, good: dict[str, Fragment]) -> None:
        """Add to `good` what Traefik takes of `names`, and reject the rest by name."""
        if not names:
            return
        trial = {**good, **{name: wanted[name] for name in names}}
        patience = max(_SHORTEST_TRIAL_SECONDS, 10 * self._usual_seconds)
        verdict = await self._install(
            trial, note=self._next_note(), seconds=min(patience, self._confirmation.seconds)
        )
        if verdict.state == "live":
            good.update(trial)
        elif verdict.state == "refused" and len(names) == 1:
            self._reject(names[0], wanted[names[0]], _REFUSED_FILE)
        elif verdict.state == "refused":
            middle = len(names) // 2
            await self._bisect(names[:middle], wanted, good)
            await self._bisect(names[middle:], wanted, good)
        elif verdict.state == "unreachable":
            self._wanted.set()

    def _last_good(self, wanted: Fragments) -> dict[str, Fragment]:
        if self._good is not None:
            return self._good
        # A new process: what it found in the file was taken by Traefik before.
        return {name: item for name, item in wanted.items() if item.is_in(self._inherited)}

    def _next_note(self) -> str:
        # Traefik skips a file it knows: only a new generation proves that it reads them at all.
        self._trials += 1
        return f"trial {self._trials}"
