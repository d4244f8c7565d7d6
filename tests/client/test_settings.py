from pathlib import Path

import pytest
from gatehouse.settings import (
    KeyNotFoundError,
    Settings,
    is_private_way,
    read_settings,
)


def a_key_file(folder: Path, text: str, name: str = "join.key") -> Path:
    path = folder / "secrets" / name
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_nothing_set_means_the_local_edge(tmp_path: Path) -> None:
    settings = read_settings({}, tmp_path)

    assert (settings.url, settings.base_url) == ("http://127.0.0.1:30090", None)


def test_an_empty_variable_counts_as_not_set(tmp_path: Path) -> None:
    names = ("URL", "TOKEN", "TOKEN_FILE", "VAR_DIR", "BASE_URL")

    settings = read_settings({f"GATEHOUSE_{name}": "" for name in names}, tmp_path)

    assert settings == read_settings({}, tmp_path)


def test_the_token_itself_comes_before_any_file(tmp_path: Path) -> None:
    path = a_key_file(tmp_path, "from-file")

    settings = read_settings({"GATEHOUSE_TOKEN": "from-env", "GATEHOUSE_TOKEN_FILE": str(path)})

    assert settings.get_token() == "from-env"


def test_the_named_file_comes_before_the_generated_one(tmp_path: Path) -> None:
    a_key_file(tmp_path / "var", "generated")
    named = a_key_file(tmp_path / "other", "named")

    settings = read_settings({"GATEHOUSE_TOKEN_FILE": str(named)}, tmp_path)

    assert settings.get_token() == "named"


@pytest.mark.parametrize("below", [".", "examples/math-service"])
def test_the_generated_key_is_found_here_and_from_below(tmp_path: Path, below: str) -> None:
    a_key_file(tmp_path / "var", "generated\n")

    settings = read_settings({}, tmp_path / below)

    assert settings.get_token() == "generated"


@pytest.mark.parametrize("is_absolute", [True, False])
def test_the_var_directory_can_be_elsewhere(tmp_path: Path, *, is_absolute: bool) -> None:
    a_key_file(tmp_path / "state", "generated")
    var_dir = str(tmp_path / "state") if is_absolute else "state"

    settings = read_settings({"GATEHOUSE_VAR_DIR": var_dir}, tmp_path)

    assert settings.get_token() == "generated"


def test_a_key_that_comes_later_is_found_and_so_is_its_successor(tmp_path: Path) -> None:
    settings = read_settings({}, tmp_path)
    with pytest.raises(KeyNotFoundError, match=r"There is no .*join\.key"):
        settings.get_token()

    path = a_key_file(tmp_path / "var", "first")
    first = settings.get_token()
    path.write_text("second", encoding="utf-8")

    assert (first, settings.get_token()) == ("first", "second")


@pytest.mark.parametrize("text", ["", " \n", "two\nlines", "two words", "clé", "a\x00b"])
def test_what_cannot_be_a_header_is_no_key_and_is_not_repeated(tmp_path: Path, text: str) -> None:
    path = a_key_file(tmp_path, text)

    with pytest.raises(KeyNotFoundError) as raised:
        Settings(token_files=(path,)).get_token()

    assert str(raised.value) == f"{path} does not hold a key."


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyNotFoundError, match="cannot be read"):
        Settings(token_files=(tmp_path,)).get_token()


def test_without_any_place_to_look_the_variable_is_named() -> None:
    with pytest.raises(KeyNotFoundError, match="GATEHOUSE_TOKEN"):
        Settings().get_token()


def test_a_printed_setting_does_not_show_the_token() -> None:
    assert "hush" not in repr(Settings(token="hush"))  # noqa: S106 - it is the subject


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:30090",
        "http://127.9.9.9",
        "http://[::1]:30090",
        "http://localhost:30090",
        "http://edge.localhost",
        "http://host.docker.internal:30090",
        "http://traefik:30090",
        "https://api.example.com",
    ],
)
def test_a_key_may_stay_on_the_machine_or_travel_encrypted(url: str) -> None:
    assert is_private_way(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com",
        "http://192.168.1.20:30090",
        "http://10.0.0.1",
        "http://127.0.0.1.example.com",
        "http://[2001:db8::1]",
        "HTTP://api.example.com",
    ],
)
def test_a_key_in_the_clear_on_a_network_is_not_private(url: str) -> None:
    assert not is_private_way(url)


def test_the_place_of_the_key_can_be_told_without_the_key(tmp_path: Path) -> None:
    absent, there = tmp_path / "absent", tmp_path / "there"
    there.write_text("hush", encoding="utf-8")

    places = [
        Settings(token="hush").token_place,  # noqa: S106 - it is the subject
        Settings(token_files=(absent, there)).token_place,
        Settings(token_files=(absent,)).token_place,
    ]

    assert places == ["GATEHOUSE_TOKEN", str(there), "nowhere"]


def test_another_generated_key_can_be_meant(tmp_path: Path) -> None:
    settings = read_settings({}, tmp_path, key="admin.key")

    with pytest.raises(KeyNotFoundError, match=r"admin\.key.*`\./just token` in the checkout"):
        settings.get_token()
