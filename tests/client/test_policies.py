from types import NoneType
from typing import Any, get_args, get_type_hints, is_typeddict

import pytest
from gatehouse.policies import Policies
from pydantic import BaseModel

from sidecar.registry.policies.models import Policies as PolicyModel


def typed_names(kind: Any) -> dict[str, Any]:
    """List the fields of a TypedDict, with those of what is in them."""
    return {
        name: next((typed_names(each) for each in _parts(hint) if is_typeddict(each)), None)
        for name, hint in get_type_hints(kind).items()
    }


def model_names(model: type[BaseModel]) -> dict[str, Any]:
    """List the fields of a model as they are sent, with those of what is in them."""
    return {
        str(field.alias): next(
            (
                model_names(each)
                for each in _parts(field.annotation)
                if isinstance(each, type) and issubclass(each, BaseModel)
            ),
            None,
        )
        for field in model.model_fields.values()
    }


def _parts(hint: Any) -> list[Any]:
    return [each for each in (hint, *get_args(hint)) if each is not NoneType]


def test_the_sdk_types_every_policy_that_the_gateway_takes() -> None:
    assert typed_names(Policies) == model_names(PolicyModel)


@pytest.mark.parametrize("name", Policies.__annotations__)
def test_every_policy_can_be_switched_off(name: str) -> None:
    assert NoneType in get_args(get_type_hints(Policies)[name])
