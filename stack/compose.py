"""The stack as containers, through `docker compose`."""

import subprocess
from pathlib import Path

from sidecar.settings import Settings
from stack import show, tls
from stack.errors import StackError
from stack.layout import ROOT, Layout

ENGINE_SECONDS = 3.0
STATE = "/var/gatehouse/secrets"
TLS_FOLDER = "tls"
USER = 10001


def missing() -> str:
    """Answer why Compose cannot be used here, or nothing."""
    try:
        engine = subprocess.run(
            ["docker", "info"], capture_output=True, timeout=ENGINE_SECONDS, check=False
        )
        plugin = subprocess.run(
            ["docker", "compose", "version"], capture_output=True, timeout=10, check=False
        )
    except FileNotFoundError:
        return "there is no docker command"
    except subprocess.TimeoutExpired:
        return "the Docker engine did not answer in time"
    if engine.returncode:
        return "no Docker engine answers"
    return "docker has no compose command" if plugin.returncode else ""


def is_running() -> bool:
    """Tell whether Compose knows containers of this project."""
    answer = _run("ps", "-q", capture=True)
    return answer.returncode == 0 and bool(answer.stdout.strip())


def up(settings: Settings, layout: Layout) -> None:
    """Build, start, and wait until every container is healthy. Raises `StackError`."""
    refuse_unseen_files(settings, layout.root)
    warning = tls.warning(settings, layout.root)
    if _run(*project_files(settings), "up", "-d", "--build", "--wait").returncode:
        _run("ps")
        raise StackError("Not every container became healthy; ./just logs [process] shows why.")
    password = f"from docker compose exec sidecar cat {STATE}/dashboard.password"
    keys = (f"{STATE}/admin.key in sidecar", f"{STATE}/join.key in sidecar")
    show.say(
        "\n" + show.addresses(settings, password=password, keys=keys, logs="docker compose logs")
    )
    if warning:
        show.say(f"\n{warning}")


def down() -> None:
    """Stop and remove the containers; what they stored stays."""
    if _run("down").returncode:
        raise StackError("docker compose down failed.")


def status() -> bool:
    """Print Compose's table and answer whether every container is healthy."""
    _run("ps")
    identifiers = _run("ps", "-q", capture=True).stdout.split()
    form = "{{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{end}}"
    states = subprocess.run(
        ["docker", "inspect", "-f", form, *identifiers], capture_output=True, text=True, check=False
    )
    return all(line == "running healthy" for line in states.stdout.splitlines())


def logs(name: str | None, *, follow: bool) -> None:
    """Print the containers' output; go on printing with `follow`."""
    _run("logs", "--tail=100", *(["-f"] if follow else []), *([name] if name else []))


def token(name: str) -> int:
    """Print a key and answer the command's exit status."""
    return _run("exec", "-T", "sidecar", "gatehouse", "token", name).returncode


def project_files(settings: Settings) -> tuple[str, ...]:
    """Answer the options that publish the domain, unless COMPOSE_FILE says what is read."""
    if not settings.domains or settings.compose_file:
        return ()
    return ("-f", "compose.yaml", "-f", "compose.tls.yaml")


def refuse_unseen_files(settings: Settings, root: Path) -> None:
    """Raise `StackError` for a file that the containers would not see, or not be let read."""
    folder = (root / TLS_FOLDER).resolve()
    files = [*(settings.tls_files or ()), *filter(None, [settings.acme_ca])]
    for file in [root / each for each in files] if settings.domains else ():
        if not file.resolve().is_relative_to(folder):
            raise StackError(
                f"{file} does not lie in {folder}, which is all that the containers see:"
                " put a copy there, not a link."
            )
        found = file.stat() if file.exists() else None
        if found and not found.st_mode & 0o004 and USER not in (found.st_uid, found.st_gid):
            raise StackError(
                f"{file} can not be read in the containers; `sudo chown {USER} {file}` lets them."
            )


def _run(*arguments: str, capture: bool = False) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["docker", "compose", *arguments], cwd=ROOT, capture_output=capture, text=True, check=False
    )
