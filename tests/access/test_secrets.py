from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from threading import Barrier

import pytest

from sidecar.access.secrets import ensure_secret_file


def test_a_secret_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "secrets" / "admin.key"
    numbers = count()

    secrets = [ensure_secret_file(path, lambda: f"secret-{next(numbers)}") for _ in range(2)]

    assert secrets == ["secret-0", "secret-0"]
    assert path.read_text() == "secret-0\n"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [file.name for file in path.parent.iterdir()] == ["admin.key"]


def test_many_that_start_at_once_read_the_same_secret(tmp_path: Path) -> None:
    # Containers that share a volume have the same process id, as threads have.
    workers, rounds = 8, 20

    def ensure(path: Path, start: Barrier, number: int) -> str:
        start.wait(5)
        return ensure_secret_file(path, lambda: f"secret-{number}")

    with ThreadPoolExecutor(workers) as pool:
        for each in range(rounds):
            path, start = tmp_path / f"{each}.key", Barrier(workers)
            found = set(pool.map(ensure, [path] * workers, [start] * workers, range(workers)))

            assert found == {path.read_text().strip()}

    assert len(list(tmp_path.iterdir())) == rounds


def test_a_loser_of_the_race_reads_the_winners_secret(tmp_path: Path) -> None:
    path = tmp_path / "admin.key"

    def overtaken() -> str:
        ensure_secret_file(path, lambda: "theirs")
        return "ours"

    assert ensure_secret_file(path, overtaken) == "theirs"
    assert [file.name for file in tmp_path.iterdir()] == ["admin.key"]


def test_an_empty_file_is_no_secret(tmp_path: Path) -> None:
    (tmp_path / "admin.key").write_text("\n")

    with pytest.raises(ValueError, match="is empty; delete it"):
        ensure_secret_file(tmp_path / "admin.key", lambda: "secret")
