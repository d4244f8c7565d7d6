"""The stack as processes of this machine, under supervisord."""

import fcntl
import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sidecar.access.secrets import ensure_secret_file
from sidecar.settings import Settings
from stack import health, leftovers, ports, show, tls
from stack.errors import StackError, UnhealthyError
from stack.layout import Layout
from stack.processes import Process, processes
from stack.render import render
from stack.start import bring_up
from stack.supervisor import SupervisorClient, start_supervisord

LOG_NAMES = ("valkey", "sidecar", "traefik", "math", "access", "supervisord")


def is_running(layout: Layout) -> bool:
    return SupervisorClient(layout.socket).is_running()


def up(settings: Settings, layout: Layout) -> None:
    """Start what does not run and wait until all is healthy. Raises `StackError`."""
    layout.make_directories()
    with _alone(layout):
        warning = tls.warning(settings, layout.root)
        plan = processes(settings, layout)
        was_running = is_running(layout)
        if was_running:
            _refuse_other_settings(_files(settings, layout, plan))
            show.say("Gatehouse is already running as local processes.")
            client = SupervisorClient(layout.socket)
        else:
            client = _launch(settings, layout, plan)
        try:
            bring_up(client, settings, layout, plan)
        except UnhealthyError:
            if not was_running:
                _stop(layout)
            raise
    show.say("\n" + _addresses(settings, layout))
    if warning:
        show.say(f"\n{warning}")


def down(layout: Layout) -> None:
    """Stop everything and leave no process behind."""
    layout.make_directories()
    with _alone(layout):
        show.say("Gatehouse has stopped." if _stop(layout) else "Nothing is running.")


def status(settings: Settings, layout: Layout) -> bool:
    """Print a table and answer whether every process does its work."""
    states = SupervisorClient(layout.socket).states()
    rows, healthy = [("process", "state", "health", "uptime", "pid")], True
    for name, check in health.checks(settings, layout).items():
        if not (state := states.get(name)):
            continue
        problem = check()
        healthy = healthy and not problem
        uptime = show.duration(state.uptime_seconds)
        rows.append((name, state.state.lower(), problem or "healthy", uptime, str(state.pid or "")))
    show.say(show.table(rows))
    return healthy


def logs(layout: Layout, name: str | None, *, follow: bool) -> None:
    """Print the end of one log or of all; go on printing with `follow`."""
    names = (name,) if name else LOG_NAMES
    if name and name not in LOG_NAMES:
        raise StackError(f"There is no {name}; there are {', '.join(LOG_NAMES)}.")
    files = [str(layout.log(each)) for each in names if layout.log(each).exists()]
    if not files:
        raise StackError("There are no logs yet; ./just up starts the stack.")
    subprocess.run(["tail", "-n", "100", *(["-F"] if follow else []), *files], check=False)


def token(layout: Layout, name: str) -> None:
    """Print a key, and nothing else, so that `$(./just token)` works."""
    path = layout.secrets / f"{name}.key"
    try:
        show.say(path.read_text().strip())
    except OSError as error:
        message = f"No key in {layout.shown(path)} ({error.strerror}); ./just up makes one."
        raise StackError(message) from error


def _launch(settings: Settings, layout: Layout, plan: tuple[Process, ...]) -> SupervisorClient:
    if ended := leftovers.end(layout.mark):
        show.say(f"Ended what an earlier run left behind (pid {', '.join(map(str, ended))}).")
    ports.refuse_unusable(ports.wanted(settings))
    for path, text in _files(settings, layout, plan).items():
        _write(path, text)
    return start_supervisord(layout)


def _stop(layout: Layout) -> bool:
    """Answer whether there was anything to stop."""
    client = SupervisorClient(layout.socket)
    was_running = client.is_running()
    if was_running:
        client.shutdown()
    ended = leftovers.end(layout.mark)
    return was_running or bool(ended)


def _files(settings: Settings, layout: Layout, plan: tuple[Process, ...]) -> dict[Path, str]:
    try:
        password = ensure_secret_file(
            layout.valkey_password_file, lambda: secrets.token_urlsafe(32)
        )
    except ValueError as error:
        raise StackError(str(error)) from error
    return render(settings, layout, plan, password)


def _refuse_other_settings(files: dict[Path, str]) -> None:
    if any(not path.exists() or path.read_text() != text for path, text in files.items()):
        raise StackError(
            "Gatehouse is running with other settings than those given now;"
            " `./just down` and `./just up` apply the new ones."
        )


def _addresses(settings: Settings, layout: Layout) -> str:
    key = layout.secrets
    return show.addresses(
        settings,
        password=f"in {layout.shown(key / 'dashboard.password')}",
        keys=(layout.shown(key / "admin.key"), layout.shown(key / "join.key")),
        logs=f"{layout.shown(layout.logs)}/",
    )


def _write(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


@contextmanager
def _alone(layout: Layout) -> Iterator[None]:
    """Let one `up` or `down` of this stack work at a time."""
    with (layout.run / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
