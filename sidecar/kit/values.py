"""The base of every value that crosses a boundary."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict


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
