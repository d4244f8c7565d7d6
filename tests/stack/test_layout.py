from pathlib import Path

import pytest

from sidecar.settings import Settings
from stack.errors import StackError
from stack.layout import SOCKET_BYTES_MAX, Layout, layout_of


def test_relative_paths_count_from_the_checkout() -> None:
    layout = layout_of(Settings.model_construct(), Path("/srv/gatehouse"))

    assert layout.watched == Path("/srv/gatehouse/dynamic-config")
    assert layout.shown(layout.log("math")) == "var/log/math.log"


def test_a_path_outside_the_checkout_is_shown_whole() -> None:
    layout = layout_of(Settings.model_construct(var_dir=Path("/elsewhere")), Path("/srv/gatehouse"))

    assert layout.shown(layout.logs) == "/elsewhere/log"


def test_the_socket_lies_under_var_where_its_path_is_short_enough() -> None:
    assert _layout("/srv").socket == Path("/srv/var/run/supervisor.sock")


def test_a_deep_checkout_gets_a_short_socket_path_of_its_own() -> None:
    one, other = (_layout(f"/srv/{'deep/' * 20}{name}").socket for name in ("one", "other"))

    assert one != other
    assert len(str(one)) <= SOCKET_BYTES_MAX


def test_directories_are_for_their_owner_alone(tmp_path: Path) -> None:
    layout = _layout(str(tmp_path))

    layout.make_directories()

    assert {oct(path.stat().st_mode & 0o777) for path in (layout.run, layout.logs)} == {"0o700"}


def test_a_socket_directory_that_others_may_write_is_refused(tmp_path: Path) -> None:
    layout = _layout(str(tmp_path))
    layout.make_directories()
    layout.run.chmod(0o777)

    with pytest.raises(StackError, match="not yours alone"):
        layout.make_directories()


def _layout(root: str) -> Layout:
    return layout_of(Settings.model_construct(), Path(root))
