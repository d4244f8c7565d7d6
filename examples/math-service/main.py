"""A small API that registers itself with the gateway: the demo, and a pattern to copy."""

import logging
import os
from http import HTTPStatus
from typing import Annotated, Any

import arithmetic
import gatehouse
import uvicorn
from fastapi import Body, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, StrictFloat, StrictInt
from tasks import Task, Tasks, TasksFullError

VERSION = "1.0.0"
MOST = 10**15

Number = Annotated[
    Annotated[StrictInt, Field(ge=-MOST, le=MOST)]
    | Annotated[StrictFloat, Field(ge=-MOST, le=MOST, allow_inf_nan=False)],
    Field(description="A JSON number within ±10^15."),
]


class Operands(BaseModel):
    """The two numbers of a calculation."""

    a: Number
    b: Number


class Result(BaseModel):
    """What came out; whole where the calculation stays within whole numbers."""

    result: int | float = Field(examples=[3])


class Work(BaseModel):
    """How long a background task shall take, in how many steps."""

    seconds: float = Field(default=5, ge=0, le=600, examples=[5])
    steps: int = Field(default=10, ge=1, le=1000, examples=[10])


class Problem(BaseModel):
    """What went wrong, as RFC 9457 puts it."""

    title: str
    status: int
    detail: str


def setting(name: str, default: str) -> str:
    return os.environ.get(name) or default  # noqa: TID251 - an entry point of its own


def port() -> int:
    return int(setting("GATEHOUSE_MATH_PORT", "30094"))


def problem(status: HTTPStatus, title: str, detail: str) -> JSONResponse:
    body = Problem(title=title, status=status, detail=detail)
    return JSONResponse(body.model_dump(), status, media_type="application/problem+json")


def fails(status: HTTPStatus, description: str) -> dict[int | str, dict[str, Any]]:
    content = {"application/problem+json": {"schema": Problem.model_json_schema()}}
    return {status.value: {"description": description, "content": content}}


def examples(**pairs: tuple[float, float]) -> Any:
    return Body(
        openapi_examples={
            name: {"summary": name.replace("_", " "), "value": {"a": a, "b": b}}
            for name, (a, b) in pairs.items()
        }
    )


tasks = Tasks()


service = gatehouse.Service(
    "math",
    port=port(),
    health="/health",
    version=VERSION,
    description="Arithmetic, and slow work with progress.",
    tags=["demo"],
)
app = FastAPI(
    title="Math",
    version=VERSION,
    description="Arithmetic to try the gateway with. Whole numbers stay whole.",
    lifespan=service.lifespan,
)


@app.exception_handler(arithmetic.NoResultError)
async def no_result(_: Request, error: Exception) -> JSONResponse:
    return problem(HTTPStatus.BAD_REQUEST, "No result", str(error))


@app.exception_handler(RequestValidationError)
async def malformed(_: Request, error: RequestValidationError) -> JSONResponse:
    # FastAPI's own handler repeats the input, and fails where that is NaN or infinite.
    detail = [{key: each[key] for key in ("type", "loc", "msg")} for each in error.errors()]
    return JSONResponse({"detail": detail}, HTTPStatus.UNPROCESSABLE_ENTITY)


@app.exception_handler(TasksFullError)
async def tasks_full(_: Request, error: Exception) -> JSONResponse:
    del error
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, "Too many tasks", "Try again when one is done.")


@app.post("/add", tags=["arithmetic"])
async def add(
    operands: Annotated[Operands, examples(whole_numbers=(1, 2), fractions=(0.5, 0.25))],
) -> Result:
    """Add b to a."""
    return Result(result=arithmetic.add(operands.a, operands.b))


@app.post("/multiply", tags=["arithmetic"])
async def multiply(
    operands: Annotated[Operands, examples(whole_numbers=(6, 7), fractions=(1.5, 4))],
) -> Result:
    """Multiply a by b."""
    return Result(result=arithmetic.multiply(operands.a, operands.b))


@app.post(
    "/power",
    tags=["arithmetic"],
    responses=fails(HTTPStatus.BAD_REQUEST, "Too large, or not a real number."),
)
async def power(
    operands: Annotated[
        Operands,
        examples(kibi=(2, 10), square_root=(9, 0.5), too_large=(10, 1000), not_real=(-8, 0.5)),
    ],
) -> Result:
    """Raise a to the power of b."""
    return Result(result=arithmetic.power(operands.a, operands.b))


@app.post(
    "/divide",
    tags=["arithmetic"],
    responses=fails(HTTPStatus.BAD_REQUEST, "Division by zero."),
)
async def divide(
    operands: Annotated[Operands, examples(evenly=(42, 6), fraction=(1, 8), by_zero=(1, 0))],
) -> Result:
    """Divide a by b."""
    return Result(result=arithmetic.divide(operands.a, operands.b))


@app.post(
    "/background_task",
    status_code=HTTPStatus.ACCEPTED,
    tags=["slow work"],
    responses=fails(HTTPStatus.SERVICE_UNAVAILABLE, "As many tasks run as may run at once."),
)
async def background_task(work: Work, response: Response) -> Task:
    """Start slow work and answer at once; `url` and the `Location` header say where it stands."""
    task = tasks.start(seconds=work.seconds, steps=work.steps)
    # Relative (RFC 9110 section 10.2.2), so that it holds behind any prefix of the edge.
    response.headers["Location"] = task.url
    return task


@app.get(
    "/tasks/{task_id}",
    tags=["slow work"],
    responses=fails(HTTPStatus.NOT_FOUND, "No such task."),
    response_model=Task,
)
async def show_task(task_id: str) -> Task | JSONResponse:
    """Say how far a task has come."""
    task = tasks.find(task_id)
    if task is None:
        return problem(HTTPStatus.NOT_FOUND, "No such task", f"There is no task {task_id!r}.")
    return task


@app.get("/health", tags=["health"])
async def health() -> dict[str, str]:
    """Say that the service is well; the gateway asks too."""
    return {"status": "ok"}


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(levelname)s: %(message)s")
    uvicorn.run(
        app, host=setting("MATH_BIND", "127.0.0.1"), port=port(), timeout_graceful_shutdown=2
    )
