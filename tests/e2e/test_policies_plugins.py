"""Plugins of third parties, by a list that the gateway's owner keeps."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from stack.throwaway import NAMES, throwaway
from tests.factories import policies
from tests.harness import Backend, Callers
from tests.registry.policies.strategies import TEXT

pytestmark = pytest.mark.slow

_SCALARS = TEXT | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
# The models decide which of these are taken.
_NAMES = st.text(st.characters(min_codepoint=32, max_codepoint=127), max_size=8)
_KINDS: list[st.SearchStrategy[Any]] = [
    TEXT,
    st.booleans(),
    st.integers(),
    st.floats(-1e300, 1e300),
    _SCALARS | st.none(),
]
_LISTS = st.one_of([st.lists(kind, max_size=3) for kind in _KINDS])
JSON = st.recursive(
    _SCALARS | st.none() | _LISTS,
    lambda inner: (
        st.dictionaries(_NAMES, inner, max_size=3)
        | st.lists(st.dictionaries(_NAMES, inner, max_size=2), max_size=2)
    ),
    max_leaves=8,
)
SETTINGS = st.lists(st.dictionaries(_NAMES, JSON, max_size=4), min_size=30, max_size=40)


@pytest.fixture(scope="module")
def allowing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callers]:
    """Start a gateway that allows a plugin, by a name that is not ours, and one that is nowhere."""
    folder = tmp_path_factory.mktemp("allowing")
    with throwaway(folder, allowed_plugins="borrowed, ghost") as running:
        static = yaml.safe_load(running.layout.traefik_conf.read_text())
        plugins = static["experimental"]["localPlugins"]
        plugins["borrowed"] = plugins.pop("envelope")
        running.layout.traefik_conf.write_text(yaml.safe_dump(static))
        for name in NAMES:
            running.start(name)
        running.await_healthy("sidecar", ready=True)
        client = Callers(running)
        yield client
        client.http.close()


def _is_taken(value: dict[str, Any]) -> bool:
    try:
        _ = policies(plugin={"borrowed": value})
    except ValueError:
        return False
    return True


@given(batch=SETTINGS)
@settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_whatever_settings_are_taken_can_be_loaded(
    allowing: Callers, echo: Backend, batch: list[dict[str, Any]]
) -> None:
    sound = [value for value in batch if _is_taken(value)]

    def register(number: int, value: dict[str, Any]) -> str:
        given_ = {"plugin": {"borrowed": value}}
        answer = allowing.register(f"p{number}", echo.url, policies=given_)
        return "" if answer.json().get("live") else f"{value}: {answer.text}"

    with ThreadPoolExecutor(8) as pool:
        problems = list(pool.map(register, range(len(sound)), sound))
    allowing.clear()

    assert [problem for problem in problems if problem] == []
    assert sound != []


def test_a_plugin_that_is_allowed_and_not_there_is_its_owners_fault_alone(
    allowing: Callers, echo: Backend
) -> None:
    allowing.registered("other", echo.url)

    refused = allowing.register("haunted", echo.url, policies={"plugin": {"ghost": {}}})

    assert (refused.status_code, refused.json()["type"]) == (
        422,
        "/problems/registration-rejected",
    )
    assert "unknown plugin type: ghost" in refused.json()["detail"]
    assert allowing.get("/other").status_code == 200
    assert allowing.get("/haunted").status_code == 404
