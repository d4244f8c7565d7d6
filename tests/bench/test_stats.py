import pytest

from bench.stats import Spread, percentile, ratios, spread


def test_a_spread_is_the_middle_and_the_ends() -> None:
    assert spread([3.0, 1.0, 9.0, 2.0, 4.0]) == Spread(median=3.0, low=1.0, high=9.0)


@pytest.mark.parametrize(("percent", "value"), [(50, 50.0), (99, 99.0), (100, 100.0), (0, 1.0)])
def test_a_percentile_is_a_value_that_was_measured(percent: float, value: float) -> None:
    assert percentile([float(n) for n in range(100, 0, -1)], percent) == value


def test_the_99th_percentile_of_a_few_values_is_the_worst_of_them() -> None:
    assert percentile([1.0, 7.0, 2.0], 99) == 7.0


def test_ratios_are_taken_pair_by_pair() -> None:
    assert ratios([10.0, 30.0], [5.0, 10.0]) == [2.0, 3.0]


def test_rounds_without_their_peer_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        ratios([1.0, 2.0], [1.0])


def test_nothing_has_no_middle() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        spread([])
    with pytest.raises(ValueError, match="nothing was measured"):
        percentile([], 50)
