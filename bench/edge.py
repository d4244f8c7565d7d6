"""`bench edge`: requests a second to a registered service, and to what one could have instead."""

import contextlib
from dataclasses import dataclass

from bench.children import module
from bench.contenders import Contender, handwritten, python_proxy, registered
from bench.gateway import folder, running_gateway
from bench.load import Load
from bench.machine import describe
from bench.report import Report, Row, Target
from stack.show import say

_WARM_UP_SECONDS = 1
_AS_FAST = Target("ratio", ">=", 0.97)
_FASTER = Target("ratio", ">=", 25)


def run(rounds: int, load: Load) -> Report:
    """Measure one after the other in every round."""
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(folder())
        upstream = stack.enter_context(module("bench.upstream", log=place / "upstream.log"))
        target = f"http://127.0.0.1:{upstream}"
        gateway = stack.enter_context(running_gateway(place / "gateway"))
        machine = describe(gateway)
        ours = registered(gateway, target)
        route = stack.enter_context(handwritten(place / "route", target))
        proxy = stack.enter_context(python_proxy(place, target))
        bare = Contender("the upstream itself", upstream)
        pairs = [Pair(route, ours, _AS_FAST), Pair(bare, ours), Pair(proxy, ours, _FASTER)]
        rows = [pair.measure(rounds, load) for pair in pairs]
    how = f"medians of {rounds} rounds (lowest-highest), peer and ours in turn; {load.name}"
    return Report("edge", machine, how, rows)


@dataclass(frozen=True)
class Pair:
    """A peer and ours, to be compared."""

    peer: Contender
    ours: Contender
    target: Target | None = None

    def measure(self, rounds: int, load: Load) -> Row:
        for contender in (self.peer, self.ours):
            contender.measure(load, seconds=_WARM_UP_SECONDS)
        found = [self._round(number, load) for number in range(rounds)]
        peer, ours = zip(*found, strict=True)
        what = f"{self.ours.name} against {self.peer.name}"
        return Row(what, "requests/s", ours, peer, target=self.target)

    def _round(self, number: int, load: Load) -> tuple[float, float]:
        peer, ours = self.peer.measure(load), self.ours.measure(load)
        say(f"  round {number + 1}: {self.peer.name} {peer:,.0f}/s, {self.ours.name} {ours:,.0f}/s")
        return peer, ours
