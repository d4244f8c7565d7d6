from pathlib import Path

import pytest

from sidecar.edge.errors import ConfigurationFileError
from sidecar.edge.store import FileConfigurationStore
from sidecar.kit.files import replace_file


@pytest.fixture
def watched(tmp_path: Path) -> Path:
    return tmp_path / "watched"


@pytest.fixture
def store(watched: Path, tmp_path: Path) -> FileConfigurationStore:
    return FileConfigurationStore(watched, tmp_path / "staging")


def test_before_the_first_write_there_is_nothing(store: FileConfigurationStore) -> None:
    assert store.read() is None


def test_what_is_written_is_read(store: FileConfigurationStore, watched: Path) -> None:
    store.write("http: {}\n")
    store.write("é\n")

    assert store.read() == "é\n"
    assert [file.name for file in watched.iterdir()] == ["services.yaml"]


def test_a_reader_of_the_old_file_keeps_reading_the_old_file(
    store: FileConfigurationStore, watched: Path
) -> None:
    store.write("old " * 1000)
    with (watched / "services.yaml").open() as reader:
        begun = reader.read(4)

        store.write("new")

        assert begun + reader.read() == "old " * 1000


def test_a_file_gets_its_mode_whatever_was_staged_before(tmp_path: Path) -> None:
    staged = tmp_path / "staged"
    staged.write_text("left by a crash, and longer than what comes")
    staged.chmod(0o644)

    replace_file(tmp_path / "users", "admin", staged=staged, mode=0o640)

    assert (tmp_path / "users").read_text() == "admin"
    assert (tmp_path / "users").stat().st_mode & 0o777 == 0o640
    assert not staged.exists()


def test_a_failed_write_leaves_the_old_file(store: FileConfigurationStore, tmp_path: Path) -> None:
    store.write("old")
    (tmp_path / "staging" / "services.yaml").mkdir()

    with pytest.raises(ConfigurationFileError, match=r"services\.yaml can not be written"):
        store.write("new")

    assert store.read() == "old"


def test_a_file_that_can_not_be_read_is_said_as_such(
    store: FileConfigurationStore, watched: Path
) -> None:
    watched.mkdir()
    (watched / "services.yaml").write_bytes(b"\xff\xfe")

    with pytest.raises(ConfigurationFileError, match="can not be read"):
        store.read()


def test_not_everybody_may_read_the_hashes_and_passwords_in_the_configuration(
    store: FileConfigurationStore, watched: Path
) -> None:
    store.write("http: {}\n")

    assert (watched / "services.yaml").stat().st_mode & 0o777 == 0o640
