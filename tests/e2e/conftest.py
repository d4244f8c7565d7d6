"""Services of a test's own, to be told how to behave."""

from collections.abc import Iterator
from itertools import count

import pytest

from tests.harness import Backend, backend

_NUMBERS = count()


@pytest.fixture
def name() -> str:
    """Name a service as no test before: its limits outlive it."""
    return f"limited-{next(_NUMBERS)}"


@pytest.fixture
def one() -> Iterator[Backend]:
    with backend("one") as running:
        yield running


@pytest.fixture
def two() -> Iterator[Backend]:
    with backend("two") as running:
        yield running
