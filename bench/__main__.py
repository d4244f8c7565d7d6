"""`python -m bench edge`, `policies` or `register`: measure, print, and keep as JSON."""

import argparse

from bench import edge, policies, register
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
    _add_load(throughput, rounds=9, seconds=3)
    throughput.set_defaults(
        run=lambda given: edge.run(given.rounds, find_load(given.seconds, given.connections))
    )
    policy = commands.add_parser("policies", help="what keys, limits and the rest cost a request")
    _add_load(policy, rounds=7, seconds=2)
    policy.add_argument(
        "--only", action="append", choices=[*policies.PARTS], default=[], help="may be repeated"
    )
    policy.set_defaults(
        run=lambda given: policies.run(
            given.rounds, find_load(given.seconds, given.connections), given.only
        )
    )
    latency = commands.add_parser("register", help="from registering to the first answer")
    latency.add_argument("--rounds", type=_positive, default=5)
    latency.add_argument("--samples", type=_positive, default=100, help="of ours in a round")
    latency.add_argument("--services", type=_positive, default=1000, help="how many are many")
    latency.set_defaults(
        run=lambda given: register.run(register.Size(given.rounds, given.samples, given.services))
    )
    return parser


def _add_load(parser: argparse.ArgumentParser, *, rounds: int, seconds: int) -> None:
    parser.add_argument("--rounds", type=_positive, default=rounds)
    parser.add_argument("--seconds", type=_positive, default=seconds, help="one measurement")
    parser.add_argument("--connections", type=_positive, default=64)


def _positive(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


if __name__ == "__main__":
    main()
