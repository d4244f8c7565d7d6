"""Asking instances whether they are well."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus

from sidecar.kit.clock import Clock
from sidecar.kit.errors import GatewayError
from sidecar.kit.outbound import Outbound
from sidecar.registry.models import HealthCheck, Service
from sidecar.registry.store import LeaseKey

_FAILURES_TO_LEAVE = 2
_RETRY_SECONDS = 1.0
_RECOVERY_SECONDS = 10.0
_AT_ONCE = 256
_TICK_SECONDS = 0.25
_FIRST_ROUND_SECONDS = 3.0


@dataclass
class _Record:
    """What is known of one instance: when to ask next, and its failures in a row."""

    url: str
    due_at: float
    failures: int = 0
    asked: bool = False

    @property
    def is_failing(self) -> bool:
        return self.failures >= _FAILURES_TO_LEAVE


class Probes:
    """Every instance with a health path, asked in its interval.

    One failure is asked about again after a second; the second in a row leaves the instance out;
    one good answer brings it back.
    """

    def __init__(
        self,
        services: Callable[[], Mapping[str, Service]],
        outbound: Outbound,
        clock: Clock,
        changed: Callable[[], None],
    ) -> None:
        self._services = services
        self._outbound = outbound
        self._clock = clock
        self._changed = changed
        self._records: dict[LeaseKey, _Record] = {}
        self._slots = asyncio.Semaphore(_AT_ONCE)

    def healthy(self, name: str, instance_id: str) -> bool | None:
        """Tell whether an instance is well; `None` where it is not asked, or not yet."""
        record = self._records.get((name, instance_id))
        return None if record is None or not record.asked else not record.is_failing

    def failing(self, service: Service) -> frozenset[str]:
        """Answer the ids of the instances that fail their probes."""
        return frozenset(
            instance_id
            for instance_id in service.instances
            if self.healthy(service.name, instance_id) is False
        )

    async def first_round(self) -> None:
        """Ask every instance before anything is published, so that a restart brings none back.

        Bounded in time: whoever has not answered by then counts as well for now.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(_FIRST_ROUND_SECONDS):
                for _ in range(_FAILURES_TO_LEAVE):
                    await self.round(due_only=False)

    async def run(self) -> None:
        """Ask whoever is due, for ever."""
        async with asyncio.TaskGroup() as group:
            while True:
                for key, record, check in self._due():
                    record.due_at = float("inf")
                    _ = group.create_task(self._ask(key, record, check))
                await asyncio.sleep(_TICK_SECONDS)

    async def round(self, *, due_only: bool = True) -> None:
        """Ask everybody (who is due) once."""
        async with asyncio.TaskGroup() as group:
            for key, record, check in self._due(due_only=due_only):
                _ = group.create_task(self._ask(key, record, check))

    def _due(self, *, due_only: bool = True) -> list[tuple[LeaseKey, _Record, HealthCheck]]:
        now = self._clock.monotonic()
        found = []
        known: dict[LeaseKey, _Record] = {}
        for service in self._services().values():
            if service.health is None:
                continue
            for instance in service.instances.values():
                key = (service.name, instance.instance_id)
                url = instance.base_url + service.health.path
                record = self._records.get(key)
                if record is None or record.url != url:
                    record = _Record(url, due_at=now)
                known[key] = record
                if record.due_at <= now or not due_only:
                    found.append((key, record, service.health))
        self._records = known
        return found

    async def _ask(self, key: LeaseKey, record: _Record, check: HealthCheck) -> None:
        was_failing = record.is_failing
        try:
            async with self._slots:
                well = await self._is_well(record.url, check.timeout_seconds)
        finally:
            # Also where a bug ends this round: the next one asks again.
            record.due_at = self._clock.monotonic()
        record.asked = True
        record.failures = 0 if well else record.failures + 1
        record.due_at = self._clock.monotonic() + _pause(check, record.failures)
        if record.is_failing != was_failing and self._records.get(key) is record:
            self._changed()

    async def _is_well(self, url: str, timeout_seconds: float) -> bool:
        try:
            answer = await self._outbound.get(url, timeout_seconds=timeout_seconds)
        except GatewayError:
            return False
        return HTTPStatus.OK <= answer.status < HTTPStatus.BAD_REQUEST


def _pause(check: HealthCheck, failures: int) -> float:
    """Answer how many seconds to wait: short after a first failure, never long while it fails."""
    if failures == 0:
        return check.interval_seconds
    longest = _RETRY_SECONDS if failures < _FAILURES_TO_LEAVE else _RECOVERY_SECONDS
    return min(longest, check.interval_seconds)
