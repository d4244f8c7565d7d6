"""Times and durations, as people write and read them."""

import re
from datetime import datetime, timedelta, tzinfo

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"(\d{1,9})([smhdw])")
_SHOWN = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))


def duration_seconds(text: str) -> int:
    """Read `45s`, `30m`, `12h`, `30d`, `2w` or `0`. Raises ValueError."""
    if text == "0":
        return 0
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"{text!r} is no duration: say 45s, 30m, 12h, 30d or 2w")
    return int(found[1]) * _SECONDS[found[2]]


def expiry(text: str) -> dict[str, str | int]:
    """Read a duration or a moment into the field of a key's request. Raises ValueError."""
    if _DURATION.fullmatch(text):
        return {"expires_in_seconds": duration_seconds(text)}
    moment = read_moment(text)
    if moment is None:
        raise ValueError(
            f"{text!r} is neither a duration such as 30d"
            " nor a time with its zone such as 2026-12-31T00:00:00Z"
        )
    return {"expires_at": moment.isoformat()}


def read_moment(value: object) -> datetime | None:
    """Read an ISO 8601 time with its zone; None when it is something else."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None


def relative(value: object, *, now: datetime, never: str = "never") -> str:
    """Say how far away a moment is: `in 29 d`, `5 min ago`."""
    moment = read_moment(value)
    if moment is None:
        return never if value is None else str(value)
    seconds = int((moment - now) / timedelta(seconds=1))
    if seconds == 0:
        return "now"
    unit, size = next(each for each in _SHOWN if abs(seconds) >= each[1])
    amount = f"{round(abs(seconds) / size)} {unit}"
    return f"in {amount}" if seconds > 0 else f"{amount} ago"


def exact(value: object, *, now: datetime, zone: tzinfo | None, never: str = "never") -> str:
    """Say when a moment is, in the zone given or the machine's own, and how far away."""
    moment = read_moment(value)
    if moment is None:
        return never if value is None else str(value)
    try:
        local = moment.astimezone(zone)
    except (OverflowError, OSError):
        local = moment
    return f"{local.isoformat(timespec='seconds')} ({relative(value, now=now)})"
