"""`bench edge`: requests a second to a registered service, and to what one could have instead."""

import contextlib

from bench.children import module
from bench.contenders import Contender, handwritten, python_proxy, registered
from bench.gateway import folder, running_gateway
from bench.load import Load
from bench.machine import describe
from bench.pair import Pair
from bench.report import Report, Target

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
