"""Every failure of a small application, as a caller sees it."""

import logging
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from litestar import Litestar, get, post
from litestar.params import JSONBody, PathParameter, QueryParameter
from litestar.plugins.problem_details import ProblemDetailsPlugin
from litestar.testing import TestClient
from pydantic import Field, model_validator

from sidecar.kit.errors import GatewayError, InvalidInputError, UnavailableError
from sidecar.kit.problems import PROBLEMS
from sidecar.kit.values import Flag, JsonObject, Value, Whole


class TeapotError(GatewayError):
    status = 418
    slug = "teapot"
    title = "This is a teapot"


class Order(Value):
    cups: Whole = 1
    sweet: Flag = False
    extras: JsonObject = Field(default_factory=dict)
    spices: dict[Annotated[str, Field(max_length=3)], str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _reasonable(self) -> "Order":
        if self.cups > 10:
            raise ValueError("cups: nobody drinks so much")
        return self


@get("/teapot")
async def teapot() -> None:
    raise TeapotError("'pot' pours tea.")


@get("/away")
async def away() -> None:
    raise UnavailableError("Gone fishing.", retry_after_seconds=7)


@get("/invalid")
async def invalid() -> None:
    raise InvalidInputError.of("cups", "must not be chipped")


@get("/bug")
async def bug() -> None:
    raise ValueError("secret thoughts")


@get("/deep")
async def deep() -> None:
    raise RecursionError


@post("/order")
async def order(data: JSONBody[Order]) -> dict[str, int]:
    return {"cups": data.cups}


@get("/cups/{name:str}")
async def cup(
    name: Annotated[str, PathParameter(pattern=r"^[a-z][a-z0-9-]{0,62}$")],
    full: Annotated[bool, QueryParameter()] = True,  # noqa: FBT002 - a query parameter
) -> dict[str, bool]:
    return {name: full}


@pytest.fixture
def client() -> Iterator[TestClient[Litestar]]:
    app = Litestar(
        [teapot, away, invalid, bug, deep, order, cup],
        logging_config=None,
        plugins=[ProblemDetailsPlugin(PROBLEMS)],
        openapi_config=None,
    )
    with TestClient(app, raise_server_exceptions=False) as made:
        yield made


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        (
            "/teapot",
            {
                "type": "/problems/teapot",
                "status": 418,
                "title": "This is a teapot",
                "detail": "'pot' pours tea.",
            },
        ),
        (
            "/invalid",
            {
                "type": "/problems/invalid-input",
                "status": 400,
                "title": "The request is not valid",
                "detail": "cups: must not be chipped",
                "errors": [{"field": "cups", "message": "must not be chipped"}],
            },
        ),
        (
            "/deep",
            {
                "type": "/problems/invalid-input",
                "status": 400,
                "title": "The request is not valid",
                "detail": "body: is nested too deep",
                "errors": [{"field": "body", "message": "is nested too deep"}],
            },
        ),
    ],
)
def test_an_expected_failure_is_a_problem_document(
    client: TestClient[Litestar], path: str, problem: dict[str, Any]
) -> None:
    answer = client.get(path)

    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == problem
    assert answer.status_code == problem["status"]


def test_what_is_away_says_when_to_come_again(client: TestClient[Litestar]) -> None:
    answer = client.get("/away")

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "7")


def test_a_bug_is_logged_and_tells_the_caller_nothing(
    client: TestClient[Litestar], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "gatehouse"):
        answer = client.get("/bug")

    assert answer.status_code == 500
    assert answer.json()["type"] == "/problems/internal-error"
    assert "secret" not in answer.text
    assert "secret thoughts" in caplog.text


@pytest.mark.parametrize(
    ("path", "status", "slug"),
    [("/nowhere", 404, "not-found"), ("/order", 405, "method-not-allowed")],
)
def test_what_the_framework_refuses_is_a_problem_too(
    client: TestClient[Litestar], path: str, status: int, slug: str
) -> None:
    answer = client.get(path)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"/problems/{slug}"


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({"cups": "2"}, "cups", "must be a whole number"),
        ({"cups": True}, "cups", "must be a whole number"),
        ({"sweet": "yes"}, "sweet", "must be true or false"),
        ({"cups": 11}, "cups", "nobody drinks so much"),
        ({"milk": 1}, "milk", "is not known here"),
        ({"Cups": 1}, "Cups", "is not known here; did you mean cups?"),
        ({"spices": {"salt": "a bit"}}, "spices.salt", "must be at most 3 characters long"),
        (
            [],
            "body",
            "must be an object with fields cups, sweet, extras, spices; for its defaults write {}",
        ),
        (None, "body", "is needed, as a JSON object"),
    ],
)
def test_a_field_that_is_refused_is_named(
    client: TestClient[Litestar], body: Any, field: str, message: str
) -> None:
    answer = client.post("/order", json=body)

    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"field": field, "message": message}]
    assert answer.json()["detail"] == f"{field}: {message}"


@pytest.mark.parametrize(
    ("path", "field", "message"),
    [
        (
            "/cups/Big%20One",
            "name",
            "must be lower-case letters, digits and hyphens, beginning with a letter, at most 63",
        ),
        ("/cups/big?full=nearly", "full", "must be true or false"),
    ],
)
def test_a_parameter_that_is_refused_is_named(
    client: TestClient[Litestar], path: str, field: str, message: str
) -> None:
    answer = client.get(path)

    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"field": field, "message": message}]
