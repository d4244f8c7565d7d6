"""The base of every value that crosses a boundary."""

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """Frozen, compared by content, and closed: a field it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
