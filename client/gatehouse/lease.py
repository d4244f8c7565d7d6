"""Keep one registration alive, from a thread of its own."""

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from gatehouse.answers import Answer, Away, Registered
from gatehouse.client import GatewayClient
from gatehouse.doorstep import Doorstep
from gatehouse.machine import Standing, advance, heartbeat_interval_seconds

logger = logging.getLogger("gatehouse")

LISTENING_WAIT_SECONDS = 30.0
KNOCK_SECONDS = 0.05
HEARTBEAT_TIMEOUT_SECONDS = (1.0, 5.0)
NEIGHBOUR_SECONDS = 0.5
FAREWELL_SECONDS = 1.5
STOP_SECONDS = 2.0


class Lease:
    """Registers, renews and gives back; a daemon thread, so that a busy event loop cannot lose it.

    `wait` pauses for some seconds and says whether to stop; `clock` counts seconds; `luck` gives a
    number from 0 up to 1.
    """

    def __init__(
        self,
        registration: Mapping[str, Any],
        client: GatewayClient,
        doorstep: Doorstep,
        *,
        wait: Callable[[float], bool] | None = None,
        clock: Callable[[], float] = time.monotonic,
        luck: Callable[[], float] = random.random,
    ) -> None:
        self._registration = registration
        self._name = str(registration["name"])
        self._client = client
        self._doorstep = doorstep
        self._stopping = threading.Event()
        self._wait = wait or self._stopping.wait
        self._clock = clock
        self._luck = luck
        self._has_neighbours = False
        self._is_given_back = False
        self._standing = Standing()
        self._thread = threading.Thread(
            target=self.run, name=f"gatehouse-{self._name}", daemon=True
        )

    def start(self, held: Registered | None = None) -> None:
        """Begin, without waiting for anything; with what is `held` already, at the heartbeats."""
        self._standing = Standing(lease=held)
        self._thread.start()

    def stop(self, *, has_neighbours: bool = False) -> bool:
        """Give the lease back, in at most 2 s; what takes longer ends with the lease itself.

        With `has_neighbours`, whoever still answers at this address keeps the lease: another worker
        process of the same server. That is only sound where this process has stopped listening.
        Tells whether the gateway took it.
        """
        self._has_neighbours = has_neighbours
        self._stopping.set()
        self._thread.join(STOP_SECONDS)
        return self._is_given_back

    def run(self) -> None:
        """Do all of it, in the calling thread, until `stop` or until `wait` says so."""
        try:
            if self._standing.lease is not None or self._is_listening():
                self._give_back(self._keep())
        finally:
            self._client.close()

    def _is_listening(self) -> bool:
        """Wait for the server, which listens only after the lifespan's startup; False: stop."""
        gives_up_at = self._clock() + LISTENING_WAIT_SECONDS
        while self._clock() < gives_up_at:
            if self._doorstep.accepts(timeout_seconds=1):
                return True
            if self._wait(KNOCK_SECONDS):
                return False
        logger.warning(
            "%s: nothing listens at its own address; registering anyway."
            " Is `port` the one that the server was started with?",
            self._name,
        )
        return True

    def _keep(self) -> Registered | None:
        standing, is_stopping = self._standing, self._stopping.is_set()
        while not is_stopping:
            step = advance(standing, self._ask(standing), luck=self._luck())
            for notice in step.notices:
                logger.log(notice.level, "%s: %s", self._name, notice.text)
            standing = step.standing
            is_stopping = self._wait(step.wait_seconds)
        return standing.lease

    def _ask(self, standing: Standing) -> Answer:
        try:
            if standing.lease is None:
                return self._client.register(self._registration)
            least, most = HEARTBEAT_TIMEOUT_SECONDS
            return self._client.heartbeat(
                self._name,
                standing.lease.instance_id,
                timeout_seconds=min(most, max(least, heartbeat_interval_seconds(standing.lease))),
            )
        except Exception as error:
            if standing.trouble is None:
                logger.exception("%s: a bug in the gatehouse client", self._name)
            return Away(f"the client failed with {type(error).__name__}")

    def _give_back(self, lease: Registered | None) -> None:
        if lease is None or lease.ttl_seconds is None:
            return
        if self._has_neighbours and self._doorstep.answers(timeout_seconds=NEIGHBOUR_SECONDS):
            logger.info("%s: another process serves its address and keeps the lease", self._name)
            return
        self._is_given_back = self._client.deregister(
            self._name, lease.instance_id, timeout_seconds=FAREWELL_SECONDS
        )
