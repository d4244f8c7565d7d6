from bench.ten import TEN
from sidecar.registry.policies.models import Policies


def test_the_ten_policies_are_ten_that_a_registration_can_have() -> None:
    given = Policies.model_validate(TEN).model_dump(exclude_none=True)

    assert len(given) == len(TEN) == 10
    assert {"keyauth", "rateLimit", "envelope"} <= given.keys()
