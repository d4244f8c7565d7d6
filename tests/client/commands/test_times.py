from datetime import UTC, datetime

import pytest
from gatehouse.commands.times import duration_seconds, exact, expiry, relative

NOW = datetime(2026, 7, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("45s", 45), ("30m", 1800), ("12h", 43_200), ("30d", 2_592_000), ("2w", 1_209_600)],
)
def test_a_duration_is_a_number_and_its_unit(text: str, seconds: int) -> None:
    assert duration_seconds(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "1", "d", "-1d", "1.5h", "1 d", "1y", "1h30m", "9" * 10 + "s"]
)
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration: say 45s, 30m, 12h, 30d or 2w"):
        duration_seconds(text)


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("30d", {"expires_in_seconds": 2_592_000}),
        ("2026-12-31T00:00:00Z", {"expires_at": "2026-12-31T00:00:00+00:00"}),
        ("2026-12-31T00:00+07:00", {"expires_at": "2026-12-31T00:00:00+07:00"}),
    ],
)
def test_an_end_is_a_duration_or_a_moment(text: str, field: dict[str, object]) -> None:
    assert expiry(text) == field


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        ("2026-07-01T12:00:00Z", "now"),
        ("2026-07-01T12:00:59Z", "in 59 s"),
        ("2026-07-01T11:58:29Z", "2 min ago"),
        ("2026-07-31T11:59:59Z", "in 30 d"),
        ("2026-06-01T00:00:00Z", "30 d ago"),
        (None, "never"),
        ("soon", "soon"),
        (5, "5"),
        ("2026-07-01T12:00:00", "2026-07-01T12:00:00"),
    ],
)
def test_a_moment_is_told_from_now(moment: object, said: str) -> None:
    assert relative(moment, now=NOW) == said


@pytest.mark.parametrize(
    ("moment", "said"),
    [
        ("2026-07-01T14:00:00+07:00", "2026-07-01T07:00:00+00:00 (5 h ago)"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00 (739798 d ago)"),
        (None, "never"),
        ("soon", "soon"),
    ],
)
def test_a_moment_is_told_in_a_zone(moment: object, said: str) -> None:
    assert exact(moment, now=NOW, zone=UTC) == said


def test_the_machines_zone_is_the_default() -> None:
    local = NOW.astimezone().isoformat(timespec="seconds")

    assert exact("2026-07-01T12:00:00Z", now=NOW, zone=None) == f"{local} (now)"
