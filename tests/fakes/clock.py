"""A clock that goes on when it is told to."""

from datetime import datetime, timedelta

from tests.factories import NOW


class FakeClock:
    """Begins at `NOW`, and at 100 seconds of monotonic time."""

    def __init__(self) -> None:
        self._now = NOW
        self._seconds = 100.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._seconds

    def advance(self, seconds: float) -> None:
        """Let both clocks go on."""
        self._now += timedelta(seconds=seconds)
        self._seconds += seconds

    async def pause(self, seconds: float) -> None:
        """Wait without waiting."""
        self.advance(seconds)
