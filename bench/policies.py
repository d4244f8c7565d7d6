"""`bench policies`: what keys, limits and the rest cost a request, and how fast they are there."""

import contextlib
from collections.abc import Callable, Collection, Mapping

from bench.children import module
from bench.effect import effect
from bench.entry import entry
from bench.gateway import folder, running_gateway
from bench.guarded import keyauth
from bench.limited import rate_limit
from bench.load import Load
from bench.machine import describe
from bench.many_keys import many_keys
from bench.report import Report, Row
from bench.scene import Scene
from bench.ten import register
from bench.wrapped import envelope
from stack.show import say

PARTS: Mapping[str, Callable[[Scene], list[Row]]] = {
    "keyauth": keyauth,
    "entry": entry,
    "envelope": envelope,
    "ratelimit": rate_limit,
    "effect": effect,
    "register": register,
    "many-keys": many_keys,
}


def run(rounds: int, load: Load, only: Collection[str] = ()) -> Report:
    """Measure all parts, or those that are named."""
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(folder())
        upstream = stack.enter_context(module("bench.upstream", log=place / "upstream.log"))
        gateway = stack.enter_context(running_gateway(place / "gateway"))
        machine = describe(gateway)
        scene = Scene(place, f"http://127.0.0.1:{upstream}", gateway, rounds, load)
        chosen = [name for name in PARTS if not only or name in only]
        rows = [row for name in chosen for row in _rows(scene, name)]
    how = f"medians of {rounds} rounds (lowest-highest), peer and ours in turn; {load.name}"
    name = "-".join(["policies", *chosen]) if only else "policies"
    return Report(name, machine, how, rows)


def _rows(scene: Scene, name: str) -> list[Row]:
    say(f"  {name}:")
    rows = PARTS[name](scene)
    scene.clear()
    return rows
