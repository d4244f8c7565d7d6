"""What it costs to give every request an id and to take callers' identities away."""

import asyncio
import contextlib
from dataclasses import replace

from bench.adding import session
from bench.contenders import Contender, handwritten
from bench.pair import Pair
from bench.report import Row, Target
from bench.scene import Scene

_TARGET = Target("ratio", ">=", 0.93)
_ID = "X-Request-Id"


def entry(scene: Scene) -> list[Row]:
    """Compare two Traefiks that differ in nothing but the middlewares of the entry point."""
    with contextlib.ExitStack() as stack:
        off, on = (
            stack.enter_context(
                handwritten(scene.place / f"entry-{has_entry}", scene.target, has_entry=has_entry)
            )
            for has_entry in (False, True)
        )
        asyncio.run(_prove(off, on))
        peer, ours = (
            replace(off, name="the same without it"),
            replace(on, name="the entry point's part"),
        )
        return [Pair(peer, ours, _TARGET).measure(scene.rounds, scene.load)]


async def _prove(off: Contender, on: Contender) -> None:
    async with session() as client:
        for contender, is_on in ((off, False), (on, True)):
            url = f"http://127.0.0.1:{contender.port}{contender.path}"
            async with client.get(url) as answer:
                if (_ID in answer.headers) is not is_on:
                    raise RuntimeError(f"{_ID} in the answer of {url}: {dict(answer.headers)}")
