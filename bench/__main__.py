"""`python -m bench edge` and `python -m bench register`: measure, print, and keep as JSON."""

import argparse

from bench import edge, register
from bench.load import find_load
from bench.report import Report, as_json, as_text
from stack.layout import ROOT
from stack.show import say

RESULTS = ROOT / "bench" / "results"


def main() -> None:
    """Run one benchmark. Targets that are missed are said, and are no failure."""
    arguments = _parser().parse_args()
    report: Report = arguments.run(arguments)
    RESULTS.mkdir(exist_ok=True)
    kept = RESULTS / f"{report.name}.json"
    kept.write_text(as_json(report))
    say(f"\n{as_text(report)}\n  Every round is in {kept.relative_to(ROOT)}.")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    commands = parser.add_subparsers(required=True)
    throughput = commands.add_parser("edge", help="requests a second through the edge")
    throughput.add_argument("--rounds", type=_positive, default=9)
    throughput.add_argument("--seconds", type=_positive, default=3, help="one measurement")
    throughput.add_argument("--connections", type=_positive, default=64)
    throughput.set_defaults(
        run=lambda given: edge.run(given.rounds, find_load(given.seconds, given.connections))
    )
    latency = commands.add_parser("register", help="from registering to the first answer")
    latency.add_argument("--rounds", type=_positive, default=5)
    latency.add_argument("--samples", type=_positive, default=100, help="of ours in a round")
    latency.add_argument("--services", type=_positive, default=1000, help="how many are many")
    latency.set_defaults(
        run=lambda given: register.run(register.Size(given.rounds, given.samples, given.services))
    )
    return parser


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


if __name__ == "__main__":
    main()
