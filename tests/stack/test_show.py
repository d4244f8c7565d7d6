from pathlib import Path

import pytest

from stack.show import duration, table, tail


def test_columns_are_as_wide_as_their_longest_cell() -> None:
    assert table([("a", "bbb", ""), ("aaa", "b", "c")]) == "  a    bbb\n  aaa  b    c"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (61, "1 min 1 s"),
        (3600, "1 h 0 min"),
        (90061, "1 d 1 h"),
    ],
)
def test_a_time_span_is_told_in_its_two_largest_units(seconds: int, text: str) -> None:
    assert duration(seconds) == text


def test_only_the_last_lines_are_shown(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text("one\ntwo\nthree\n")

    assert tail(log, 2) == "  two\n  three"


def test_only_what_this_start_has_written_is_shown(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text("old\nnew\n")

    assert tail(log, 9, from_byte=len("old\n")) == "  new"


def test_a_log_that_was_rotated_meanwhile_is_shown_from_its_beginning(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text("new\n")

    assert tail(log, 9, from_byte=1000) == "  new"


def test_no_log_is_said_to_be_nothing(tmp_path: Path) -> None:
    assert tail(tmp_path / "x.log", 9) == "  (nothing)"
