"""Reloads while requests flow: none is lost, and nothing is left behind."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.plugins.keys import TOKEN, an_entry, write_keys
from tests.plugins.recorder import Recorder
from tests.plugins.rig import Rig, Tree, plugin, route

RELOADS = 200
WARM_UP = 40
ROUTERS = 10
CALLERS = 4
PLENTY = 1_000_000
GOROUTINES_MORE = 20
HEAP_MORE = 16 * 1024 * 1024
RSS_MORE = 64 * 1024 * 1024


@pytest.mark.slow
def test_200_reloads_under_load_lose_no_request_and_leave_nothing_behind(
    fresh_rig: Rig, service: Recorder, tmp_path: Path
) -> None:
    path = tmp_path / "keys.json"
    write_keys(path, {TOKEN: an_entry()})
    fresh_rig.apply(_configuration(service, path, 0))
    with _load(f"{fresh_rig.edge}/0") as statuses:
        for generation in range(1, WARM_UP):
            fresh_rig.apply(_configuration(service, path, generation))
        before = _size(fresh_rig)
        for generation in range(WARM_UP, WARM_UP + RELOADS):
            fresh_rig.apply(_configuration(service, path, generation))
        after = _size(fresh_rig)

    assert list(statuses) == [200], statuses
    assert statuses[200] > RELOADS
    assert fresh_rig.log().count(f"{path} read") == 1
    goroutines, heap, rss = (late - early for late, early in zip(after, before, strict=True))
    assert goroutines < GOROUTINES_MORE, (before, after)
    assert heap < HEAP_MORE, (before, after)
    assert rss < RSS_MORE, (before, after)


def _configuration(service: Recorder, path: Path, generation: int) -> Tree:
    """Answer some guarded routes, each different from what it was a generation earlier."""
    dynamic = route(
        service.url,
        plugin("entry"),
        plugin("keyauth", keyFile=str(path), service=f"it-{generation}"),
        plugin("ratelimit", average=PLENTY, burst=PLENTY, name=f"it-{generation}"),
        plugin("envelope", successMessage=f"it-{generation}"),
    )
    it = dynamic["http"]["routers"]["it"]
    dynamic["http"]["routers"] = {
        f"it-{place}": {**it, "rule": f"PathPrefix(`/{place}`)"} for place in range(ROUTERS)
    }
    return dynamic


def _size(rig: Rig) -> tuple[int, int, int]:
    heap, rss = rig.heap_bytes(), rig.rss_bytes()
    return rig.goroutines(), heap, rss


@contextmanager
def _load(url: str) -> Iterator[Counter[int | str]]:
    """Ask all the time until the block ends; gives how often there was which answer."""
    statuses: Counter[int | str] = Counter()
    over = threading.Event()
    threads = [
        threading.Thread(target=_ask_on, args=(url, statuses, over.is_set)) for _ in range(CALLERS)
    ]
    for thread in threads:
        thread.start()
    try:
        yield statuses
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _ask_on(url: str, statuses: Counter[int | str], is_over: Callable[[], bool]) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with httpx.Client(headers=headers, timeout=30.0, trust_env=False) as client:
        while not is_over():
            try:
                statuses[client.get(url).status_code] += 1
            except httpx.TransportError as error:
                statuses[repr(error)] += 1
