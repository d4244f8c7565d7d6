"""`bench register`: how long a service waits until callers reach it, alone and among many."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from bench.adding import Adding, session
from bench.children import module
from bench.few import FEW, few
from bench.gateway import Gatehouse, folder, running_gateway
from bench.jupyter import NAME, Peer, jupyter
from bench.machine import describe
from bench.many import many
from bench.rendering import render_and_write_ms, services
from bench.report import Report, Row, Target
from stack.throwaway import Throwaway

_RENDER = Target("ours", "<=", 60)


@dataclass(frozen=True)
class Size:
    """How many rounds, how many registrations in each, and how many services are many."""

    rounds: int
    samples: int
    services: int


def run(size: Size) -> Report:
    """Measure all of it with one gateway."""
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(folder())
        upstream = stack.enter_context(module("bench.upstream", log=place / "upstream.log"))
        gateway = stack.enter_context(running_gateway(place / "gateway"))
        machine = describe(gateway)
        target = f"http://127.0.0.1:{upstream}"
        rows = [*asyncio.run(_served(gateway, target, place, size)), _render(target, place, size)]
    how = (
        f"medians of {size.rounds} rounds (lowest-highest), peer and ours in turn;"
        f" {size.samples} registrations in a round"
    )
    return Report("register", machine, how, rows)


async def _served(gateway: Throwaway, target: str, place: Path, size: Size) -> list[Row]:
    async with session() as client:
        ours = Gatehouse(gateway, target, client)
        _ = await ours.add_all(f"few-{number}" for number in range(FEW))
        async with _peer(place / "few", target, FEW, client) as peer:
            rows = await few(Adding(ours), peer, rounds=size.rounds, samples=size.samples)
        async with _peer(place / "many", target, size.services, client) as peer:
            sidecar = gateway.pid("sidecar")
            found = await many(ours, peer, sidecar, rounds=size.rounds, services=size.services)
        return rows + found


@contextlib.asynccontextmanager
async def _peer(
    place: Path, target: str, routes: int, client: aiohttp.ClientSession
) -> AsyncIterator[Peer]:
    """Give the peer, or why it can not be run."""
    async with contextlib.AsyncExitStack() as stack:
        try:
            found = await stack.enter_async_context(jupyter(place, target, routes, client))
        except (ImportError, TimeoutError) as error:
            yield Peer(None, f"{NAME} was not run: {error!r}")
        else:
            yield Peer(Adding(found))


def _render(target: str, place: Path, size: Size) -> Row:
    made = services(size.services, target)
    # The first one fills the caches of the interpreter, not ours.
    taken = [render_and_write_ms(made, place) for _ in range(size.rounds + 1)][1:]
    return Row(f"render and write {size.services:,} services", "ms", taken, target=_RENDER)
