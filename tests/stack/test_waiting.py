from stack.waiting import wait_until


def test_the_wait_ends_when_nothing_is_wrong_any_more() -> None:
    answers = iter(["not yet", "not yet", ""])

    assert wait_until(lambda: next(answers), seconds=5) == ""


def test_what_is_still_wrong_at_the_end_is_answered() -> None:
    assert wait_until(lambda: "broken", seconds=0) == "broken"


def test_a_wait_without_use_ends_at_once_with_the_reason() -> None:
    assert wait_until(lambda: "broken", seconds=60, stop=lambda: "gone") == "gone"
