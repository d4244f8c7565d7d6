"""Whatever the registry accepts, Traefik loads, and routes under its own prefix alone."""

from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.harness import Backend, Callers

SEGMENTS = st.text(st.sampled_from("abcXYZ019._~-"), min_size=1, max_size=8)
PREFIXES = st.lists(SEGMENTS, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))
NAMES = st.from_regex(r"\A[a-z][a-z0-9-]{0,20}\Z")
ROUTES = st.lists(
    st.fixed_dictionaries(
        {
            "path": st.lists(
                st.text(st.sampled_from("ab0.~!$&'()*+,;=:@-{}"), min_size=1, max_size=6)
                | st.just("{id}"),
                min_size=1,
                max_size=3,
            ).map(lambda parts: "/" + "/".join(parts)),
            "methods": st.lists(st.sampled_from(["GET", "POST"]), min_size=1, max_size=2),
        }
    ),
    max_size=3,
)


@pytest.mark.slow
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(name=NAMES, prefix=PREFIXES, routes=ROUTES)
def test_whatever_is_accepted_is_routed_under_its_own_prefix_and_no_other(
    callers: Callers, echo: Backend, name: str, prefix: str, routes: list[dict[str, Any]]
) -> None:
    answer = callers.register(
        name, echo.url, prefix=prefix, routes=routes, expose="all", key="admin"
    )
    if answer.status_code == 400:
        return

    try:
        assert answer.json()["live"], answer.text
        assert callers.get(prefix).json()["path"] == "/"
        assert callers.get(f"{prefix}/x").json()["path"] == "/x"
        assert callers.get(f"{prefix}x").status_code == 404
        assert _disabled(callers) == []
    finally:
        callers.delete(f"/gateway/services/{name}")


@pytest.mark.slow
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(routes=ROUTES.filter(bool))
def test_whatever_routes_are_accepted_are_loaded(
    callers: Callers, echo: Backend, routes: list[dict[str, Any]]
) -> None:
    answer = callers.register("routed", echo.url, routes=routes, key="admin")
    if answer.status_code == 400:
        return

    try:
        assert answer.json()["live"], answer.text
        assert _disabled(callers) == []
    finally:
        callers.delete("/gateway/services/routed")


def _disabled(callers: Callers) -> list[str]:
    answer: httpx.Response = callers.http.get(
        f"{callers.gateway.admin}/api/http/routers?status=disabled",
        auth=("admin", callers.gateway.password()),
    )
    return [router["name"] for router in answer.json()]
