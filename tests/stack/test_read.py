from pathlib import Path

import pytest

from stack.errors import StackError
from stack.read import read_settings


def test_what_is_wrong_is_named_by_variable_and_value(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("GATEHOUSE_EDGE_PORT=80800\nGATEHOUSE_CONFIRM_SECONDS=soon\n")

    with pytest.raises(StackError) as refusal:
        read_settings(env_file)

    heading, *lines = str(refusal.value).splitlines()
    assert heading == "Settings that cannot be used (environment or .env):"
    assert [line.partition(":")[0] for line in lines] == [
        "  GATEHOUSE_EDGE_PORT is '80800'",
        "  GATEHOUSE_CONFIRM_SECONDS is 'soon'",
    ]


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_bytes(b"GATEHOUSE_EDGE_PORT=\xff\n")

    with pytest.raises(StackError, match=r"\.env is not UTF-8"):
        read_settings(env_file)


def test_a_line_of_the_file_counts(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("GATEHOUSE_EDGE_PORT=8080\n")

    assert read_settings(env_file).edge_port == 8080


def test_no_file_means_the_defaults(tmp_path: Path) -> None:
    assert read_settings(tmp_path / ".env").edge_port == 30090
