from pathlib import Path

from sidecar.edge.accesslog import roll_over


def test_a_log_that_is_too_long_is_begun_again_and_kept_once(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    with log.open("a") as traefik:
        traefik.write("first\n")
        traefik.flush()

        rolled = roll_over(log, max_bytes=3)
        traefik.write("second\n")

    assert rolled
    assert log.read_text() == "second\n"
    assert (tmp_path / "access.log.1").read_text() == "first\n"


def test_a_short_log_is_left_alone(tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_text("first\n")

    assert not roll_over(log, max_bytes=100)
    assert log.read_text() == "first\n"


def test_a_log_that_is_not_there_is_no_fault(tmp_path: Path) -> None:
    assert not roll_over(tmp_path / "none.log", max_bytes=0)
