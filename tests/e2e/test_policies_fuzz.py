"""Whatever the policy models take, Traefik takes: else a policy of one would be nobody's fault."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from stack.throwaway import Throwaway
from tests.harness import Backend, Callers
from tests.registry.policies.strategies import POLICIES, SINGLE

pytestmark = pytest.mark.slow

BATCH = st.lists(SINGLE | POLICIES, min_size=30, max_size=40)


@given(batch=BATCH)
@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_whatever_the_models_take_is_live(
    gateway: Throwaway, echo: Backend, batch: list[dict[str, Any]]
) -> None:
    callers = Callers(gateway)
    callers.registered("spare", echo.url, key="admin", expose="none")

    def register(number: int, policies: dict[str, Any]) -> str:
        # What is said of a whole host needs one.
        host = {"host": f"f{number}.example"} if "headers" in policies else {}
        answer = callers.register(f"f{number}", echo.url, key="admin", policies=policies, **host)
        body = answer.json()
        if answer.status_code == 400:
            return "not taken"
        return "" if body.get("live") else f"{policies} is not live: {answer.text}"

    with ThreadPoolExecutor(8) as pool:
        problems = list(pool.map(register, range(len(batch)), batch))
    callers.clear()
    callers.http.close()

    assert [problem for problem in problems if problem not in {"", "not taken"}] == []
    assert problems.count("") > len(batch) // 3
