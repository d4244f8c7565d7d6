"""What the stack prints: addresses, a status table, the end of a log."""

import sys
from collections.abc import Sequence
from pathlib import Path

from sidecar.settings import Settings

MINUTE, HOUR, DAY = 60, 3600, 86400


def addresses(settings: Settings, password: str, keys: tuple[str, str], logs: str) -> str:
    """Answer the short table that ends a successful start."""
    admin = f"http://127.0.0.1:{settings.admin_port}"
    here = ("", settings.local_url, "the same by plain HTTP, for this machine")
    return table(
        [
            ("edge", settings.edge_url, ""),
            *([here] if settings.domains else []),
            ("Swagger", f"{settings.edge_url}/docs", ""),
            ("dashboard", f"{admin}/dashboard/", f"user admin, password {password}"),
            ("admin key", "./just token", keys[0]),
            ("join key", "./just token join", keys[1]),
            ("logs", "./just logs [process]", logs),
            ("stop", "./just down", ""),
        ]
    )


def table(rows: Sequence[Sequence[str]]) -> str:
    """Answer rows as text, each column as wide as its longest cell."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "\n".join(f"  {line}" for line in lines)


def duration(seconds: int) -> str:
    """Answer a time span in its two largest units."""
    if seconds < MINUTE:
        return f"{seconds} s"
    if seconds < HOUR:
        return f"{seconds // MINUTE} min {seconds % MINUTE} s"
    if seconds < DAY:
        return f"{seconds // HOUR} h {seconds % HOUR // MINUTE} min"
    return f"{seconds // DAY} d {seconds % DAY // HOUR} h"


def tail(path: Path, lines: int, from_byte: int = 0) -> str:
    """Answer the last lines that a log has got since it was so many bytes long."""
    content = path.read_bytes() if path.exists() else b""
    # A log that is shorter now has been rotated.
    recent = content[from_byte:] if len(content) >= from_byte else content
    shown = recent.decode(errors="replace").splitlines()[-lines:]
    return "\n".join(f"  {line}" for line in shown) or "  (nothing)"


def say(text: str, end: str = "\n") -> None:
    """Print at once: what is waited for shows while it is waited for."""
    sys.stdout.write(text + end)
    sys.stdout.flush()
