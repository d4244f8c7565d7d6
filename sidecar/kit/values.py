"""The base of every value that crosses a boundary, and what it says of input it refuses."""

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from itertools import islice
from typing import Annotated, Any, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    JsonValue,
    ModelWrapValidatorHandler,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

T = TypeVar("T")

_MAX_DEPTH = 100
_LETTER_FIRST = "must be lower-case letters, digits and {}, beginning with a letter, at most 63"
# What the patterns of names and ids mean, for whoever does not read regular expressions.
_PATTERNS = {
    r"^/": "must begin with '/'",
    r"^[a-z][a-z0-9-]{0,62}$": _LETTER_FIRST.format("hyphens"),
    r"^[a-z][a-z0-9._-]{0,62}$": _LETTER_FIRST.format("any of ._-"),
    r"^[a-z0-9]{1,32}$": "must be lower-case letters and digits, at most 32",
    r"^[A-Za-z][A-Za-z0-9_-]{0,62}$": (
        "must be letters, digits and any of _-, beginning with a letter, at most 63"
    ),
    r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$": (
        "must be letters, digits and any of ._@-, beginning with a letter or a digit, at most 63"
    ),
    r"^[A-Za-z0-9._-]{1,64}$": "must be letters, digits and any of ._-, at most 64",
    r"^[!-~]{1,128}$": "must be printable ASCII without spaces, at most 128",
}
# By pydantic's names of errors (https://docs.pydantic.dev/latest/errors/validation_errors/), and
# filled from what it says of each. Our own validators say `value_error`, which stays as it is.
_WORDS = {
    "dict_type": "must be an object, in braces",
    "greater_than_equal": "must be at least {ge}",
    "invalid_key": "must have text for a name",
    "less_than_equal": "must be at most {le}",
    "list_type": "must be a list, in brackets",
    "missing": "is needed",
    "recursion_depth_exceeded": "is nested too deep",
    "string_too_long": "must be at most {max_length} characters long",
    "string_too_short": "must be at least {min_length} characters long",
    "string_type": "must be text, in quotes",
    "string_unicode": "must be text that UTF-8 can carry",
    "too_long": "must have at most {max_length} items",
    "too_short": "must have at least {min_length} items",
}
# Of a default that follows from a field which is itself complained of.
_FOLLOWS = "default_factory_not_called"
_SHOWN_FIELDS = 6
_MAX_ERRORS = 100
# A name is compared with each there is: neither many nor long ones may keep the machine busy.
_MAX_GUESSES = 10
_MAX_GUESSED = 64
_ALIKE = 0.7


class Value(BaseModel):
    """Frozen, compared by content, and closed: a field it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="wrap")
    @classmethod
    def _plain_spoken(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        # Each model words its own errors: further out it is not known which one it was.
        try:
            return handler(data)
        except ValidationError as error:
            raise ValidationError.from_exception_data(error.title, _worded(cls, error)) from error


def in_words(pattern: str) -> str:
    """Answer what a text must be that has to match a pattern."""
    return _PATTERNS.get(pattern, f"must match {pattern}")


def _worded(model: type[BaseModel], error: ValidationError) -> list[InitErrorDetails]:
    guesses = iter(range(_MAX_GUESSES))
    found = (each for each in error.errors(include_url=False) if each["type"] != _FOLLOWS)
    return [
        InitErrorDetails(
            # Told apart from pydantic's own, so that an outer model leaves the words alone.
            type=PydanticCustomError(
                f"plain_{each['type'].removeprefix('plain_')}", _text(model, each, guesses)
            ),
            loc=each["loc"],
            input=each["input"],
        )
        for each in islice(found, _MAX_ERRORS)
    ]


def _text(model: type[BaseModel], error: ErrorDetails, guesses: Iterator[int]) -> str:
    kind = error["type"]
    if kind == "extra_forbidden":
        is_guessed = next(guesses, None) is not None
        meant = _meant(str(error["loc"][-1]), model) if is_guessed else None
        return "is not known here" + (f"; did you mean {meant}?" if meant else "")
    if kind == "model_type":
        return _described(model)
    return _said(kind, error.get("ctx", {}), error["msg"])


def _said(kind: str, facts: Mapping[str, Any], otherwise: str) -> str:
    if kind == "string_pattern_mismatch":
        return in_words(facts["pattern"])
    if kind == "literal_error":
        # The one literal that is no text is written otherwise in JSON.
        return f"must be {facts['expected']}".replace("True", "true")
    if facts.get("min_length") == 1:
        return "must not be empty"
    return _WORDS[kind].format_map(facts) if kind in _WORDS else otherwise


def _meant(unknown: str, model: type[BaseModel]) -> str | None:
    if len(unknown) > _MAX_GUESSED:
        return None
    names = {_bare(name): name for name in _names(model)}
    close = get_close_matches(_bare(unknown), names, n=1, cutoff=_ALIKE)
    return names[close[0]] if close else None


def _bare(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def _names(model: type[BaseModel]) -> list[str]:
    needed_first = sorted(model.model_fields.items(), key=lambda item: not item[1].is_required())
    return [info.alias or name for name, info in needed_first]


def _described(model: type[BaseModel]) -> str:
    names = _names(model)
    such = "such as " if len(names) > _SHOWN_FIELDS else ""
    fields = f"must be an object with fields {such}{', '.join(names[:_SHOWN_FIELDS])}"
    return f"{fields}; for its defaults write {{}}" if _has_defaults(model) else fields


def _has_defaults(model: type[BaseModel]) -> bool:
    try:
        return bool(model.model_validate({}).model_dump(exclude_none=True))
    except ValidationError:
        return False


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
