"""Two who do the same job, measured one after the other in every round."""

from dataclasses import dataclass

from bench.contenders import Contender
from bench.load import Load
from bench.report import Row, Target
from stack.show import say

_WARM_UP_SECONDS = 1


@dataclass(frozen=True)
class Pair:
    """A peer and ours, to be compared."""

    peer: Contender
    ours: Contender
    target: Target | None = None
    note: str = ""

    def measure(self, rounds: int, load: Load) -> Row:
        for contender in (self.peer, self.ours):
            contender.measure(load, seconds=_WARM_UP_SECONDS)
        found = [self._round(number, load) for number in range(rounds)]
        peer, ours = zip(*found, strict=True)
        what = f"{self.ours.name} against {self.peer.name}"
        return Row(what, "requests/s", ours, peer, target=self.target, note=self.note)

    def _round(self, number: int, load: Load) -> tuple[float, float]:
        peer, ours = self.peer.measure(load), self.ours.measure(load)
        say(f"  round {number + 1}: {self.peer.name} {peer:,.0f}/s, {self.ours.name} {ours:,.0f}/s")
        return peer, ours
