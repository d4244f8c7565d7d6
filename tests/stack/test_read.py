from pathlib import Path

import pytest

from stack.errors import StackError
from stack.read import read_settings, read_usable


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


def test_a_port_that_is_none_is_told_what_one_is(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("GATEHOUSE_HTTPS_PORT=abc\n")

    with pytest.raises(StackError) as refusal:
        read_settings(env_file)

    said = "  GATEHOUSE_HTTPS_PORT is 'abc': must be a port number, such as 443"
    assert str(refusal.value).splitlines()[1:] == [said]


def test_a_url_that_may_hold_a_password_is_not_shown(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("DATABASE_URL=mysql://me:hush@db/x\n")

    with pytest.raises(StackError) as refusal:
        read_settings(env_file)

    assert "  GATEHOUSE_DATABASE_URL: accepts postgresql://" in str(refusal.value)
    assert "hush" not in str(refusal.value)


@pytest.mark.parametrize(
    "line",
    [
        b"GATEHOUSE_HTTPS_PORT=abc",
        b"GATEHOUSE_DOMAIN=a..b\nGATEHOUSE_TLS_CERT=x",
        b"GATEHOUSE_TLS_KEY=x",
        b"DATABASE_URL=mysql://me:hush@db/x",
        b"GATEHOUSE_HOSTS=\xff",
        b"GATEHOUSE_HOSTS=\xff\nGATEHOUSE_CONFIRM_SECONDS=soon",
    ],
)
def test_what_is_right_is_read_beside_what_is_wrong(tmp_path: Path, line: bytes) -> None:
    env_file = tmp_path / ".env"
    env_file.write_bytes(b"GATEHOUSE_VAR_DIR=elsewhere\n" + line + b"\nGATEHOUSE_EDGE_PORT=8080\n")

    settings, wrong = read_usable(env_file)

    assert (settings.var_dir, settings.edge_port) == (Path("elsewhere"), 8080)
    assert (settings.https_port, settings.domain, settings.database_url) == (443, "", "")
    assert wrong


def test_nothing_is_said_of_what_is_right(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("GATEHOUSE_EDGE_PORT=8080\n")

    settings, wrong = read_usable(env_file)

    assert (settings, wrong) == (read_settings(env_file), "")


def test_a_file_that_cannot_be_read_is_not_taken_for_none(tmp_path: Path) -> None:
    # It may say where var/ is.
    env_file = tmp_path / ("x" * 300)

    with pytest.raises(StackError, match="cannot be read"):
        read_usable(env_file)
