"""What to ask the gateway next, and when: decided from its answers alone."""

import logging
from dataclasses import dataclass, replace

from gatehouse.answers import Answer, Away, Forgotten, Keyless, Refused, Registered, Renewed

HEARTBEATS_PER_LEASE = 3
PERMANENT_CHECK_SECONDS = 60.0
FIRST_RETRY_SECONDS = 0.5
LONGEST_RETRY_SECONDS = 10.0
LONGEST_RETRY_AFTER_SECONDS = 60.0
REFUSED_RETRY_SECONDS = 30.0
REJOIN_SPREAD_SECONDS = 0.5


@dataclass(frozen=True)
class Standing:
    """Where a service stands with its gateway; with a lease it sends heartbeats, else it registers.

    `trouble` is what has been reported and is not over yet.
    """

    lease: Registered | None = None
    failures: int = 0
    trouble: Refused | Keyless | Away | None = None


@dataclass(frozen=True)
class Notice:
    """A line for the log; `level` is one of logging's."""

    level: int
    text: str


@dataclass(frozen=True)
class Step:
    """What follows from an answer: the new standing, the wait until the next request, the news."""

    standing: Standing
    wait_seconds: float
    notices: tuple[Notice, ...] = ()


def advance(standing: Standing, answer: Answer, *, luck: float) -> Step:
    """Decide what to do after an answer. `luck`, from 0 up to 1, spreads the services in time."""
    match answer:
        case Registered():
            return _settle(standing, answer, _joined(answer), luck=luck)
        case Renewed():
            return _settle(standing, standing.lease, (), luck=luck)
        case Forgotten():
            news = (
                Notice(logging.INFO, "the gateway has forgotten this instance: registering again"),
            )
            return Step(replace(standing, lease=None), REJOIN_SPREAD_SECONDS * luck, news)
        case Refused():
            wait_seconds = REFUSED_RETRY_SECONDS * (1 + luck / 2)
            return Step(Standing(trouble=answer), wait_seconds, _refused(standing, answer))
        case Keyless() | Away():
            return _retry(standing, answer, luck=luck)


def heartbeat_interval_seconds(lease: Registered) -> float:
    """Say how far apart the heartbeats of a lease are at most."""
    if lease.ttl_seconds is None:
        return PERMANENT_CHECK_SECONDS
    return lease.ttl_seconds / HEARTBEATS_PER_LEASE


def _settle(
    standing: Standing, lease: Registered | None, news: tuple[Notice, ...], *, luck: float
) -> Step:
    interval = heartbeat_interval_seconds(lease) if lease else 0.0
    back = (Notice(logging.INFO, "the gateway is back"),)
    news = (*(back if isinstance(standing.trouble, Away) else ()), *news)
    return Step(Standing(lease=lease), interval * (0.8 + 0.2 * luck), news)


def _retry(standing: Standing, answer: Keyless | Away, *, luck: float) -> Step:
    failures = standing.failures + 1
    # Capped before it is raised: a float overflows after a weekend of failures.
    backoff = FIRST_RETRY_SECONDS * 2.0 ** min(failures - 1, 10)
    wait_seconds = min(backoff, LONGEST_RETRY_SECONDS) * (0.5 + 0.5 * luck)
    if isinstance(answer, Away):
        asked = min(answer.retry_after_seconds, LONGEST_RETRY_AFTER_SECONDS)
        wait_seconds = max(wait_seconds, asked * (1 + 0.1 * luck))
    is_news = type(standing.trouble) is not type(answer)
    next_standing = Standing(
        lease=standing.lease,
        failures=failures,
        # The first reason is the one that was reported.
        trouble=answer if is_news else standing.trouble,
    )
    return Step(next_standing, wait_seconds, _lost(answer) if is_news else ())


def _joined(lease: Registered) -> tuple[Notice, ...]:
    where = f"registered at {lease.url or 'no address'} as {lease.instance_id}"
    text = where if lease.is_live else f"{where}; the edge does not have it yet"
    warnings = (Notice(logging.WARNING, warning) for warning in lease.warnings)
    return (Notice(logging.INFO, text), *warnings)


def _refused(standing: Standing, answer: Refused) -> tuple[Notice, ...]:
    if standing.trouble == answer:
        return ()
    text = f"not registered, {answer.detail} (asking again every {REFUSED_RETRY_SECONDS:.0f} s)"
    return (Notice(logging.ERROR, text),)


def _lost(answer: Keyless | Away) -> tuple[Notice, ...]:
    what = (
        "no usable key in GATEHOUSE_TOKEN or a file"
        if isinstance(answer, Keyless)
        else "the gateway is away"
    )
    return (Notice(logging.WARNING, f"{what}: {answer.detail} (trying again until it works)"),)
