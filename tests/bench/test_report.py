import json

import pytest

from bench.report import Report, Row, Target, as_json, as_text, figure, number

FAST = Row("fast", "r/s", [20.0, 30.0, 28.0], [10.0, 10.0, 20.0], "peer", Target("ratio", ">=", 2))
SLOW = Row("slow", "ms", [101.0], target=Target("ours", "<=", 100), note="on a busy machine")
PLAIN = Row("plain", "MB", [7.0])


@pytest.mark.parametrize(
    ("value", "text"),
    [(28123.4, "28,123"), (612.3, "612"), (16.24, "16.2"), (0.972, "0.97"), (0.0, "0.00")],
)
def test_a_number_has_about_three_digits(value: float, text: str) -> None:
    assert number(value) == text


def test_a_figure_shows_the_middle_and_the_ends() -> None:
    assert figure([1.0, 3.0, 2.0]) == "2.00 (1.00-3.00)"
    assert figure([]) == "-"


def test_a_ratio_is_judged_by_the_median_of_the_pairs() -> None:
    assert FAST.verdict == "reached"
    assert Row("", "", [20.0], [11.0], "peer", Target("ratio", ">=", 2)).verdict == "MISSED"


def test_a_limit_of_ours_is_judged_without_the_peer() -> None:
    target = Target("ours", "<=", 100)

    assert Row("", "ms", [99.0], [1.0], "peer", target).verdict == "reached"
    assert SLOW.verdict == "MISSED"


def test_what_has_no_target_is_reported() -> None:
    assert PLAIN.verdict == "reported"


def test_what_could_not_be_run_is_not_judged() -> None:
    assert Row("", "", [], target=Target("ours", "<=", 1)).verdict == "not run"


def test_a_table_names_what_was_missed() -> None:
    text = as_text(Report("edge", "2 cores", "medians of 3", [FAST, SLOW, PLAIN]))

    assert [" ".join(line.split()) for line in text.splitlines()] == [
        "bench edge: medians of 3",
        "2 cores",
        "",
        "what ours peer ours/peer target",
        "fast [r/s] 28.0 (20.0-30.0) 10.0 (10.0-20.0) peer 2.00 (1.40-3.00) ratio >= 2.00 reached",
        "slow [ms] 101 (101-101) - - <= 100 MISSED",
        "plain [MB] 7.00 (7.00-7.00) - - - reported",
        "",
        "slow: on a busy machine",
        "MISSED: slow",
    ]


def test_a_table_says_when_all_is_reached() -> None:
    text = as_text(Report("edge", "2 cores", "medians of 3", [FAST, PLAIN]))

    assert text.endswith("Every target is reached.")


def test_json_keeps_every_round() -> None:
    (row,) = json.loads(as_json(Report("edge", "2 cores", "medians of 3", [FAST])))["rows"]

    assert row["ours"] == [20.0, 30.0, 28.0]
    assert row["ratios"] == [2.0, 3.0, 1.4]
    assert row["target"] == {"of": "ratio", "sign": ">=", "limit": 2}
