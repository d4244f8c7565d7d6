from typing import Any

import pytest
from pydantic import ValidationError

from tests.factories import a_registration
from tests.registry.policies.bad import EVERY


@pytest.mark.parametrize(
    ("given", "named"), EVERY, ids=[f"{n}-{named}" for n, (_, named) in enumerate(EVERY)]
)
def test_what_is_not_sound_is_refused_by_name(given: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError) as caught:
        a_registration(policies=given)

    field = f"policies.{named}".rstrip(".")
    said = {
        ".".join(map(str, error["loc"])).removesuffix(".[key]") for error in caught.value.errors()
    }
    # A value of several kinds is named with each of them.
    assert any(each == field or each.startswith(f"{field}.") for each in said), said
