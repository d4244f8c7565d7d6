from litestar import Litestar
from litestar.di import Provide
from litestar.plugins.problem_details import ProblemDetailsPlugin
from litestar.testing import create_test_client

from sidecar.kit.health import Readiness, live, ready
from sidecar.kit.problems import PROBLEMS


def _asked(path: str, **missing: str | None) -> tuple[int, dict[str, object], str | None]:
    checks = {name: (lambda text=text: text) for name, text in missing.items()}
    readiness = Readiness(checks)
    with create_test_client(
        [live, ready],
        dependencies={"readiness": Provide(lambda: readiness, sync_to_thread=False)},
        plugins=[ProblemDetailsPlugin(PROBLEMS)],
    ) as client:
        assert isinstance(client.app, Litestar)
        answer = client.get(path)
        return answer.status_code, answer.json(), answer.headers.get("retry-after")


def test_what_lives_says_so_whatever_is_missing() -> None:
    said = _asked("/gateway/health/live", valkey="does not answer.")

    assert said == (200, {"status": "alive"}, None)


def test_with_everything_in_place_it_is_ready() -> None:
    assert _asked("/gateway/health/ready", valkey=None) == (200, {"status": "ready"}, None)


def test_what_is_missing_is_named() -> None:
    status, problem, retry_after = _asked(
        "/gateway/health/ready", valkey="does not answer.", edge=None, docs="are empty."
    )

    assert (status, retry_after) == (503, "2")
    assert problem == {
        "type": "/problems/not-ready",
        "status": 503,
        "title": "The gateway is not ready",
        "detail": "valkey: does not answer. docs: are empty.",
        "errors": [
            {"field": "valkey", "message": "does not answer."},
            {"field": "docs", "message": "are empty."},
        ],
    }
