"""Slow work with progress: bounded, in memory, gone with the process."""

import asyncio
import uuid
from enum import StrEnum

from pydantic import BaseModel, Field

MOST_TASKS = 100


class State(StrEnum):
    RUNNING = "running"
    DONE = "done"


class Task(BaseModel):
    """A piece of slow work; it is done when every step is."""

    id: str = Field(examples=["5f0c6a52d1e94a0d9a5f6f1f7b5f3c1e"])
    url: str = Field(description="Where to ask for progress, relative to this service's root.")
    steps: int
    steps_done: int = 0
    state: State = State.RUNNING

    @property
    def is_done(self) -> bool:
        return self.state is State.DONE


class TasksFullError(Exception):
    """As many tasks run as may run at once."""


class Tasks:
    """Runs at most `most` tasks and remembers as many; the oldest finished one makes room."""

    def __init__(self, most: int = MOST_TASKS) -> None:
        self._most = most
        self._tasks: dict[str, Task] = {}
        self._running: set[asyncio.Task[None]] = set()

    def start(self, *, seconds: float, steps: int) -> Task:
        """Begin a task that takes this long; raises TasksFullError."""
        self._make_room()
        task_id = uuid.uuid4().hex
        task = Task(id=task_id, url=f"tasks/{task_id}", steps=steps)
        self._tasks[task_id] = task
        # The event loop itself holds only weak references to its tasks.
        running = asyncio.create_task(_run(task, seconds / steps))
        self._running.add(running)
        running.add_done_callback(self._running.discard)
        return task

    def find(self, task_id: str) -> Task | None:
        return self._tasks.get(task_id)

    def _make_room(self) -> None:
        if len(self._tasks) < self._most:
            return
        finished = next((task.id for task in self._tasks.values() if task.is_done), None)
        if finished is None:
            raise TasksFullError
        del self._tasks[finished]


async def _run(task: Task, step_seconds: float) -> None:
    for _ in range(task.steps):
        await asyncio.sleep(step_seconds)
        task.steps_done += 1
    task.state = State.DONE
