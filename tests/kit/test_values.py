from typing import Any

import pytest
from pydantic import Field, ValidationError

from sidecar.kit.values import Json, JsonObject, Value


class Box(Value):
    content: Json = None
    labels: JsonObject = Field(default_factory=dict)


def _nested(depth: int) -> Any:
    value: Any = []
    for number in range(depth - 1):
        value = [value] if number % 2 else {"a": value}
    return value


def test_values_are_equal_by_content_and_closed() -> None:
    assert Box(content=[1]) == Box(content=[1])
    with pytest.raises(ValidationError, match="Extra inputs"):
        Box.model_validate({"surprise": 1})
    with pytest.raises(ValidationError, match="frozen"):
        Box().content = 1  # type: ignore[misc]


def test_json_may_be_nested_a_hundred_deep_and_no_deeper() -> None:
    kept = Box(content=_nested(100))

    assert Box.model_validate_json(kept.model_dump_json()) == kept
    with pytest.raises(ValidationError, match="at most 100 deep"):
        Box(content=_nested(101))
    with pytest.raises(ValidationError, match="at most 100 deep"):
        Box(labels={"a": _nested(100)})
