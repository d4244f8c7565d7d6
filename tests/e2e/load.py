"""A steady caller that notes every answer which is not what it should be."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx


@dataclass
class Load:
    """What came back so far."""

    answered: int = 0
    failed: list[str] = field(default_factory=list)


@contextmanager
def steady_load(url: str, *, callers: int = 4) -> Iterator[Load]:
    """Ask for a URL over and over until the block ends; every answer must be 200."""
    load, over, lock = Load(), threading.Event(), threading.Lock()

    def ask() -> None:
        with httpx.Client(trust_env=False, timeout=10.0) as client:
            while not over.wait(0.002):
                try:
                    answer = client.get(url)
                    problem = "" if answer.status_code == 200 else f"{answer.status_code}"
                except httpx.HTTPError as error:
                    problem = repr(error)
                with lock:
                    load.answered += 1
                    load.failed.extend([problem] if problem else [])

    threads = [threading.Thread(target=ask, daemon=True) for _ in range(callers)]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        over.set()
        for thread in threads:
            thread.join(10.0)
