"""The policy on the shape of answers."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from sidecar.kit.values import Whole
from sidecar.registry.policies.fields import MEBIBYTE, Policy

FieldName = Annotated[str, Field(min_length=1, max_length=64)]


class EnvelopeFields(Policy):
    """What the fields of the envelope are called."""

    code: FieldName = "code"
    message: FieldName = "message"
    data: FieldName = "data"

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len({self.code, self.message, self.data}) < len(EnvelopeFields.model_fields):
            raise ValueError("data: the three names must differ")
        return self


class Envelope(Policy):
    """JSON answers are wrapped into the shape that a core system expects."""

    fields_: EnvelopeFields = Field(
        default_factory=lambda: EnvelopeFields.model_validate({}), alias="fields"
    )
    success_code: int | str | bool = 0
    success_message: str = Field("ok", max_length=200)
    errors: Literal["wrap", "keep", "status200"] = "wrap"
    max_body_bytes: Whole = Field(MEBIBYTE, ge=1, le=64 * MEBIBYTE)
