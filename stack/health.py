"""Whether each process does its work, asked of the process itself."""

import http.client
import json
from pathlib import Path

import redis

from sidecar.settings import Settings
from stack.addresses import reach
from stack.layout import Layout
from stack.waiting import Check

TIMEOUT_SECONDS = 3.0


def starting_checks(settings: Settings, layout: Layout) -> dict[str, Check]:
    """Answer what must hold before the next process is started."""
    live = _http(reach(settings.sidecar_bind), settings.sidecar_port, "/gateway/health/live")
    return checks(settings, layout) | {"sidecar": live}


def checks(settings: Settings, layout: Layout) -> dict[str, Check]:
    """Answer what must hold of each process once all of them run."""
    edge = reach(settings.bind), settings.edge_port
    return {
        "valkey": lambda: _valkey(settings.valkey_port, layout.valkey_password_file),
        "sidecar": _http(
            reach(settings.sidecar_bind), settings.sidecar_port, "/gateway/health/ready"
        ),
        "traefik": _both(
            _http(reach(settings.admin_bind), settings.admin_port, "/ping"),
            _http(*edge, "/gateway/health/live"),
        ),
        "math": _http(*edge, "/math/health"),
    }


def _http(host: str, port: int, path: str) -> Check:
    return lambda: _http_problem(host, port, path)


def _both(first: Check, second: Check) -> Check:
    return lambda: first() or second()


def _http_problem(host: str, port: int, path: str) -> str:
    connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read()
    except (OSError, http.client.HTTPException) as error:
        return f"no answer on port {port} ({type(error).__name__}: {error})"
    finally:
        connection.close()
    if response.status == http.HTTPStatus.OK:
        return ""
    return f"port {port} answers {response.status} to {path}{_detail(body)}"


def _detail(body: bytes) -> str:
    try:
        return f": {json.loads(body)['detail']}"
    except (ValueError, KeyError, TypeError):
        return ""


def _valkey(port: int, password_file: Path) -> str:
    try:
        password = password_file.read_text().strip()
        with redis.Redis(port=port, password=password, socket_timeout=TIMEOUT_SECONDS) as client:
            client.ping()
    except (OSError, redis.RedisError) as error:
        return f"no answer on port {port} ({error})"
    return ""
