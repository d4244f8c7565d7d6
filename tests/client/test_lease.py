import logging
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from gatehouse.answers import Answer, Away, Forgotten, Refused, Registered, Renewed
from gatehouse.lease import Lease

LEASE = Registered("one", 30, "http://edge/math")
AWAY = Away("no route")


@dataclass
class ScriptedClient:
    """Gives these answers in turn and writes down what it was asked."""

    answers: deque[Answer | Exception]
    asked: list[str] = field(default_factory=list)
    was_asked: threading.Event = field(default_factory=threading.Event)

    def register(self, registration: Mapping[str, Any]) -> Answer:
        return self._answer(f"register {registration['name']}")

    def heartbeat(self, name: str, instance_id: str, *, timeout_seconds: float) -> Answer:
        return self._answer(f"heartbeat {name} {instance_id} within {timeout_seconds:g} s")

    def deregister(self, name: str, instance_id: str, *, timeout_seconds: float) -> bool:
        self.asked.append(f"deregister {name} {instance_id} within {timeout_seconds:g} s")
        return True

    def close(self) -> None:
        self.asked.append("close")

    def _answer(self, asked: str) -> Answer:
        self.asked.append(asked)
        self.was_asked.set()
        answer = self.answers.popleft()
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class Time:
    """Passes only while somebody waits; the wait in which it is told to stop is the last."""

    client: ScriptedClient
    seconds: float = 0
    stops_after_seconds: float = float("inf")
    waited: list[float] = field(default_factory=list)

    def clock(self) -> float:
        return self.seconds

    def wait(self, seconds: float) -> bool:
        self.seconds += seconds
        self.waited.append(seconds)
        return not self.client.answers or self.seconds > self.stops_after_seconds


@dataclass
class Door:
    """Opens at the given knock; `is_shared` when another process answers as well."""

    opens_at_knock: float = 1
    is_shared: bool = False
    knocks: int = 0

    def accepts(self, *, timeout_seconds: float) -> bool:
        assert timeout_seconds > 0
        self.knocks += 1
        return self.knocks >= self.opens_at_knock

    def answers(self, *, timeout_seconds: float) -> bool:
        assert timeout_seconds > 0
        return self.is_shared


def run(*answers: Answer | Exception, door: Door | None = None) -> tuple[list[str], list[float]]:
    """Run a lease until the answers are used up; what it asked, and how long it waited."""
    client = ScriptedClient(deque(answers))
    time = Time(client)
    lease = a_lease(client, time, door)
    lease.run()
    return client.asked, time.waited


def a_lease(client: ScriptedClient, time: Time, door: Door | None = None) -> Lease:
    return Lease(
        {"name": "math"},
        client,
        door or Door(),
        wait=time.wait,
        clock=time.clock,
        luck=lambda: 1,
    )


def test_a_lease_is_taken_renewed_and_given_back() -> None:
    asked, waited = run(LEASE, Renewed(), Renewed())

    assert asked == [
        "register math",
        "heartbeat math one within 5 s",
        "heartbeat math one within 5 s",
        "deregister math one within 1.5 s",
        "close",
    ]
    assert waited == [10, 10, 10]


def test_what_is_held_already_is_renewed_at_once() -> None:
    client = ScriptedClient(deque([Renewed()]))
    lease = Lease({"name": "math"}, client, Door(opens_at_knock=float("inf")))

    lease.start(LEASE)
    assert client.was_asked.wait(5)
    lease.stop()

    assert client.asked == [
        "heartbeat math one within 5 s",
        "deregister math one within 1.5 s",
        "close",
    ]


def test_a_short_lease_does_not_wait_longer_for_an_answer_than_until_the_next() -> None:
    asked, waited = run(Registered("one", 6), Renewed())

    assert asked[1] == "heartbeat math one within 2 s"
    assert waited == [2, 2]


def test_an_instance_that_was_forgotten_registers_again() -> None:
    asked, _ = run(LEASE, Forgotten(), Registered("two", 30), Renewed())

    assert asked[1:4] == [
        "heartbeat math one within 5 s",
        "register math",
        "heartbeat math two within 5 s",
    ]


def test_an_outage_is_met_with_further_heartbeats_and_two_lines(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "gatehouse")

    asked, waited = run(LEASE, AWAY, AWAY, AWAY, Renewed())

    assert asked[1:5] == ["heartbeat math one within 5 s"] * 4
    assert waited == [10, 0.5, 1, 2, 10]
    assert caplog.messages == [
        "math: registered at http://edge/math as one",
        "math: the gateway is away: no route (trying again until it works)",
        "math: the gateway is back",
    ]


def test_a_service_that_was_never_registered_has_nothing_to_give_back() -> None:
    asked, waited = run(AWAY, Refused("no"))

    assert asked == ["register math", "register math", "close"]
    assert waited == [0.5, 45]


def test_a_permanent_registration_stays() -> None:
    asked, _ = run(Registered("one", None), Renewed())

    assert asked == ["register math", "heartbeat math one within 5 s", "close"]


def test_registration_waits_until_the_server_listens() -> None:
    asked, waited = run(LEASE, door=Door(opens_at_knock=4))

    assert waited == [0.05, 0.05, 0.05, 10]
    assert asked[0] == "register math"


def test_a_server_that_never_listens_is_registered_after_half_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked, waited = run(LEASE, door=Door(opens_at_knock=float("inf")))

    assert sum(waited[:-1]) == pytest.approx(30, abs=0.1)
    assert asked[0] == "register math"
    assert caplog.messages[0].startswith("math: nothing listens at its own address; registering")


def test_a_service_that_stops_before_it_listens_never_registers() -> None:
    client = ScriptedClient(deque([LEASE]))
    time = Time(client, stops_after_seconds=1)

    a_lease(client, time, Door(opens_at_knock=float("inf"))).run()

    assert client.asked == ["close"]


def test_a_bug_is_logged_once_with_its_traceback_and_survived(
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked, _ = run(ZeroDivisionError(), ZeroDivisionError(), LEASE)

    assert asked[:3] == ["register math"] * 3
    warned = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.exc_info is not None for record in warned] == [True, False]


@pytest.mark.parametrize(
    ("is_shared", "may_have_neighbours", "gives_back"),
    [(False, True, True), (True, True, False), (True, False, True)],
)
def test_whoever_still_serves_the_address_keeps_the_lease(
    *, is_shared: bool, may_have_neighbours: bool, gives_back: bool
) -> None:
    client = ScriptedClient(deque([LEASE]))
    lease = Lease({"name": "math"}, client, Door(is_shared=is_shared))

    lease.start()
    assert client.was_asked.wait(5)
    lease.stop(has_neighbours=may_have_neighbours)

    assert ("deregister math one within 1.5 s" in client.asked) is gives_back


@dataclass
class HangingClient(ScriptedClient):
    """Does not come back from its first request until it is let go."""

    let_go: threading.Event = field(default_factory=threading.Event)

    def _answer(self, asked: str) -> Answer:
        answer = super()._answer(asked)
        assert self.let_go.wait(10)
        return answer


@pytest.mark.slow
def test_a_gateway_that_hangs_holds_the_end_of_the_application_up_for_two_seconds_at_most() -> None:
    client = HangingClient(deque([LEASE]))
    lease = Lease({"name": "math"}, client, Door())
    lease.start()
    assert client.was_asked.wait(5)

    lease.stop()

    assert client.asked == ["register math"]
    # What is left behind does not keep the process from ending.
    left = [thread for thread in threading.enumerate() if thread.name == "gatehouse-math"]
    assert [thread.daemon for thread in left] == [True]
    client.let_go.set()
    lease.stop()
    assert client.asked[-1] == "close"
