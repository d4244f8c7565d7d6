from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, ValidationError
from pydantic.alias_generators import to_camel

from sidecar.kit.values import Flag, Json, JsonObject, Value, Whole, in_words


class Box(Value):
    content: Json = None
    labels: JsonObject = Field(default_factory=dict)


class Lid(Value, alias_generator=to_camel):
    opens_to: Whole = Field(90, ge=1, le=180)
    is_locked: Flag = False


class Label(Value):
    code: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
    side: Literal["top", "front"] = "top"
    shown: Literal[True] = True
    words: list[str] = Field(["fragile"], min_length=1, max_length=2)
    note: str = Field("", max_length=3)
    to: str = Field("you", min_length=2)
    colours: dict[str, str] = Field(default_factory=dict)


class Crate(Value):
    lid: Lid | None = None
    label: Label | None = None
    copies: Whole = 1
    twins: Whole = Field(default_factory=lambda given: given["copies"])
    odd: Annotated[str, Field(pattern=r"^~$")] = "~"


def _said(model: type[Value], given: Any) -> dict[str, str]:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(given)
    return {".".join(map(str, error["loc"])): error["msg"] for error in caught.value.errors()}


def _nested(depth: int) -> Any:
    value: Any = []
    for number in range(depth - 1):
        value = [value] if number % 2 else {"a": value}
    return value


def test_values_are_equal_by_content_and_closed() -> None:
    assert Box(content=[1]) == Box(content=[1])
    with pytest.raises(ValidationError, match="is not known here"):
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
    with pytest.raises(ValidationError, match="is nested too deep"):
        Box(content=_nested(5000))


@pytest.mark.parametrize(
    ("given", "field", "meant"),
    [
        ({"Lid": {}}, "Lid", "lid"),
        ({"lable": {}}, "lable", "label"),
        ({"lid": {"opens_to": 90}}, "lid.opens_to", "opensTo"),
        ({"lid": {"openstoo": 90}}, "lid.openstoo", "opensTo"),
        ({"lid": {"is-locked": True}}, "lid.is-locked", "isLocked"),
    ],
)
def test_an_unknown_name_comes_with_the_one_that_was_meant(
    given: dict[str, Any], field: str, meant: str
) -> None:
    assert _said(Crate, given) == {field: f"is not known here; did you mean {meant}?"}


@pytest.mark.parametrize("name", ["surprise", "", "\N{DOOR}", "lid" * 22])
def test_a_name_like_no_other_is_only_not_known(name: str) -> None:
    assert _said(Crate, {name: 1}) == {name: "is not known here"}


def test_the_meaning_of_many_unknown_names_is_not_guessed() -> None:
    said = _said(Crate, {f"lid{number}": 1 for number in range(50)})

    assert len(said) == 50
    assert sum("did you mean" in message for message in said.values()) == 10


def test_no_more_than_a_hundred_errors_are_said() -> None:
    assert len(_said(Crate, {"lid": {str(number): 1 for number in range(1000)}})) == 100


@pytest.mark.parametrize("given", [True, "open", [], 5])
def test_what_is_no_object_is_told_which_fields_it_would_have(given: Any) -> None:
    assert _said(Crate, {"lid": given, "label": given}) == {
        "lid": "must be an object with fields opensTo, isLocked; for its defaults write {}",
        "label": "must be an object with fields such as code, side, shown, words, note, to",
    }
    assert _said(Lid, given) == {
        "": "must be an object with fields opensTo, isLocked; for its defaults write {}"
    }


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("code", None, "must be text, in quotes"),
        ("code", 5, "must be text, in quotes"),
        ("code", "\ud800", "must be text that UTF-8 can carry"),
        ("code", "A b", in_words(r"^[a-z][a-z0-9-]{0,62}$")),
        ("side", "back", "must be 'top' or 'front'"),
        ("shown", False, "must be true"),
        ("words", "fragile", "must be a list, in brackets"),
        ("words", [], "must not be empty"),
        ("words", ["a"] * 3, "must have at most 2 items"),
        ("note", "long", "must be at most 3 characters long"),
        ("to", "i", "must be at least 2 characters long"),
        ("colours", [], "must be an object, in braces"),
    ],
)
def test_a_refusal_says_in_plain_words_what_would_be_taken(
    field: str, value: Any, message: str
) -> None:
    assert _said(Crate, {"label": {"code": "a", field: value}}) == {f"label.{field}": message}


def test_bounds_and_what_is_missing_are_said_plainly() -> None:
    assert _said(Crate, {"lid": {"opensTo": 0}}) == {"lid.opensTo": "must be at least 1"}
    assert _said(Crate, {"lid": {"opensTo": 181}}) == {"lid.opensTo": "must be at most 180"}
    assert _said(Crate, {"label": {}}) == {"label.code": "is needed"}


def test_a_default_that_follows_from_a_refused_field_is_not_complained_of() -> None:
    assert _said(Crate, {"copies": "1"}) == {"copies": "Value error, must be a whole number"}


def test_a_pattern_has_words_or_is_shown() -> None:
    assert in_words(r"^[a-z][a-z0-9-]{0,62}$") == (
        "must be lower-case letters, digits and hyphens, beginning with a letter, at most 63"
    )
    assert _said(Crate, {"odd": "even"}) == {"odd": "must match ^~$"}
