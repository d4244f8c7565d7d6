"""Columns that line up, without a library."""

from collections.abc import Iterable, Sequence


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Lay out rows under their headers; an empty cell is a dash."""
    lines = [tuple(headers), *(tuple(_cell(cell) for cell in row) for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(_line(line, widths) for line in lines)


def pairs(title: str, rows: Iterable[tuple[str, str]]) -> str:
    """Lay out names and values under a title; what has no value is left out."""
    given = [(name, _cell(value)) for name, value in rows if value]
    width = max((len(name) for name, _ in given), default=0)
    return "\n".join((title, *(f"  {name:<{width}}  {value}" for name, value in given)))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    filled = (f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))
    return "  ".join(filled).rstrip()


def _cell(text: str) -> str:
    # A line break in a cell would look like a row of its own.
    return " ".join(text.split()) or "-"
