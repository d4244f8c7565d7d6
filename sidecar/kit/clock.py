"""Time as a value that is handed in."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Where "now" comes from."""

    def now(self) -> datetime:
        """Answer the wall-clock time, in UTC: what is stored and shown."""
        ...

    def monotonic(self) -> float:
        """Answer seconds that only grow: what durations are measured with."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()
