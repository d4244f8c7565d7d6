"""The policy on the shape of answers."""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from sidecar.kit.values import Whole
from sidecar.registry.policies.fields import MEBIBYTE, Policy


def _scalar(value: Any, handler: ValidatorFunctionWrapHandler) -> Any:
    # Of a union pydantic says what is wrong with each of its kinds.
    try:
        return handler(value)
    except ValidationError as error:
        raise ValueError("must be a whole number, a text, true or false") from error


Scalar = Annotated[int | str | bool, WrapValidator(_scalar)]
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
    success_code: Scalar = 0
    success_message: str = Field("ok", max_length=200)
    errors: Literal["wrap", "keep", "status200"] = "wrap"
    max_body_bytes: Whole = Field(MEBIBYTE, ge=1, le=64 * MEBIBYTE)
