"""The base of every value that crosses a boundary."""

from collections.abc import Iterable
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, JsonValue

T = TypeVar("T")

_MAX_DEPTH = 100


class Value(BaseModel):
    """Frozen, compared by content, and closed: a field it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def _whole(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | None):
        raise ValueError("must be a whole number")  # noqa: TRY004 - pydantic reads ValueError
    return value


def _flag(value: Any) -> Any:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")  # noqa: TRY004 - pydantic reads ValueError
    return value


# Pydantic would take "5" and true for numbers, and "yes" for true. Its own strict mode is switched
# off by Litestar, which decodes JSON before it validates.
Whole = Annotated[int, BeforeValidator(_whole)]
Flag = Annotated[bool, BeforeValidator(_flag)]


def _shallow(value: T) -> T:
    level: list[Any] = [value]
    for _ in range(_MAX_DEPTH):
        level = [child for item in level for child in _children(item)]
        if not level:
            return value
    raise ValueError(f"must be nested at most {_MAX_DEPTH} deep")


def _children(item: Any) -> Iterable[Any]:
    if isinstance(item, dict):
        return item.values()
    return item if isinstance(item, list) else ()


# Pydantic takes deeper values than it reads again from JSON: what is kept must not be among those.
Json = Annotated[JsonValue, AfterValidator(_shallow)]
JsonObject = Annotated[dict[str, JsonValue], AfterValidator(_shallow)]
