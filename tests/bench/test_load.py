from pathlib import Path

import pytest

from bench.load import Load, LoadError, authorized, find_load, parse_wrk

OUTPUT = """\
Running 2s test @ http://127.0.0.1:34567/service-0/hello
  1 threads and 64 connections
  57312 requests in 2.01s, 8.03MB read
Requests/sec:  28512.34
Transfer/sec:      4.00MB
"""


def test_the_rate_is_read_from_wrk() -> None:
    assert parse_wrk(OUTPUT) == 28512.34


@pytest.mark.parametrize(
    "complaint",
    [
        "  Non-2xx or 3xx responses: 3\n",
        "  Socket errors: connect 0, read 2, write 0, timeout 0\n",
    ],
)
def test_a_rate_with_failures_in_it_counts_for_nothing(complaint: str) -> None:
    with pytest.raises(LoadError):
        parse_wrk(OUTPUT + complaint)


def test_no_rate_at_all_is_a_failure() -> None:
    with pytest.raises(LoadError):
        parse_wrk("unable to connect")


def test_the_generator_that_was_used_is_said() -> None:
    assert "wrk" in Load(3, 64, "/usr/bin/wrk").name
    assert "our own generator" in Load(3, 64, None).name
    assert find_load(3, 64).seconds == 3


def test_nothing_is_sent_that_is_not_given() -> None:
    assert authorized([], "lines.txt") == []


def test_one_value_of_a_header_is_an_option_of_wrk() -> None:
    assert authorized(["Bearer one"], "lines.txt") == ["-H", "Authorization: Bearer one"]


def test_several_values_come_from_a_file() -> None:
    option, script, *rest = authorized(["Bearer one", "Bearer two"], "lines.txt")

    assert option == "-s"
    assert Path(script).is_file()
    assert rest == ["--", "lines.txt"]
