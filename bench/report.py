"""What a benchmark found, as a table to read and as JSON to keep."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from bench.stats import Spread, ratios, spread
from stack.show import table

_HEAD = ("what", "ours", "peer", "ours/peer", "target", "")
_LARGE, _MIDDLE, _SMALL = 1000, 100, 10


@dataclass(frozen=True)
class Target:
    """A limit for ours, or for the ratio of ours to the peer's."""

    of: Literal["ours", "ratio"]
    sign: Literal[">=", "<="]
    limit: float

    def is_reached(self, value: float) -> bool:
        return value >= self.limit if self.sign == ">=" else value <= self.limit


@dataclass(frozen=True)
class Row:
    """One thing measured, once in every round; no rounds means that it could not be run."""

    what: str
    unit: str
    ours: Sequence[float]
    peer: Sequence[float] = ()
    peer_name: str = ""
    target: Target | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        if not self.ours:
            return "not run"
        if self.target is None:
            return "reported"
        judged = self.ours if self.target.of == "ours" else ratios(self.ours, self.peer)
        return "reached" if self.target.is_reached(spread(judged).median) else "MISSED"


@dataclass(frozen=True)
class Report:
    name: str
    machine: str
    how: str
    rows: Sequence[Row]


def as_text(report: Report) -> str:
    """Answer a table, each figure as `median (lowest-highest)` of the rounds."""
    notes = [f"  {row.what}: {row.note}" for row in report.rows if row.note]
    missed = [row.what for row in report.rows if row.verdict == "MISSED"]
    end = f"  MISSED: {'; '.join(missed)}" if missed else "  Every target is reached."
    body = table([_HEAD, *(_cells(row) for row in report.rows)])
    head = [f"  bench {report.name}: {report.how}", f"  {report.machine}"]
    return "\n".join([*head, "", body, "", *notes, end])


def as_json(report: Report) -> str:
    content = {
        "name": report.name,
        "machine": report.machine,
        "how": report.how,
        "rows": [_json(row) for row in report.rows],
    }
    return json.dumps(content, indent=2) + "\n"


def _cells(row: Row) -> tuple[str, ...]:
    pairs = ratios(row.ours, row.peer) if row.peer else []
    target = f"{row.target.sign} {number(row.target.limit)}" if row.target else "-"
    return (
        f"{row.what} [{row.unit}]",
        figure(row.ours),
        f"{figure(row.peer)} {row.peer_name}" if row.peer else "-",
        figure(pairs),
        f"ratio {target}" if row.target and row.target.of == "ratio" else target,
        row.verdict,
    )


def _json(row: Row) -> dict[str, Any]:
    return {
        "what": row.what,
        "unit": row.unit,
        "ours": list(row.ours),
        "peer": list(row.peer),
        "peer_name": row.peer_name,
        "ratios": ratios(row.ours, row.peer) if row.peer else [],
        "target": None if row.target is None else vars(row.target),
        "verdict": row.verdict,
        "note": row.note,
    }


def figure(values: Sequence[float]) -> str:
    """Answer `median (lowest-highest)`, or a dash for nothing."""
    if not values:
        return "-"
    found: Spread = spread(values)
    return f"{number(found.median)} ({number(found.low)}-{number(found.high)})"


def number(value: float) -> str:
    """Answer about three significant digits, with commas in large numbers."""
    if value >= _LARGE:
        return f"{value:,.0f}"
    if value >= _MIDDLE:
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= _SMALL else f"{value:.2f}"
