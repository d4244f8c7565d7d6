"""The configuration files of the local stack, as text."""

import json
import shlex
from collections.abc import Iterable
from pathlib import Path

import yaml

from sidecar.settings import Settings
from stack.addresses import listen
from stack.errors import StackError
from stack.layout import Layout
from stack.processes import Process
from stack.tls import Places, add_tls

QUOTES = "\"'"
"""What would end a value early: supervisord's quotation marks, or those in gateway.yaml."""
MARK_VARIABLE = "GATEHOUSE_STACK"
"""Carries `Layout.mark` in the environment of each process, so that no other is ever ended."""


def render(
    settings: Settings, layout: Layout, processes: Iterable[Process], valkey_password: str
) -> dict[Path, str]:
    """Answer every file that is written before the start, by its path."""
    static = (layout.root / "traefik" / "traefik.yaml").read_text(encoding="utf-8")
    return {
        layout.supervisord_conf: supervisord_conf(layout, processes),
        layout.valkey_conf: valkey_conf(settings, layout, valkey_password),
        layout.traefik_conf: traefik_conf(static, settings, layout),
    }


def supervisord_conf(layout: Layout, processes: Iterable[Process]) -> str:
    head = f"""\
[supervisord]
directory={_ini(layout.root)}
logfile={_ini(layout.log("supervisord"))}
logfile_maxbytes=5MB
logfile_backups=2
pidfile={_ini(layout.run / "supervisord.pid")}
identifier=gatehouse
umask=077

[unix_http_server]
file={_ini(layout.socket)}
chmod=0600

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""
    return "\n".join(
        [head, *(_program(layout, each, place) for place, each in enumerate(processes))]
    )


def _program(layout: Layout, process: Process, place: int) -> str:
    environment = ",".join(
        f'{key}="{_ini(_refuse(value, QUOTES))}"' for key, value in process.environment.items()
    )
    # supervisord expands this one twice.
    log = _ini(_ini(layout.log(process.name)))
    # Started one after the other by `up`, which waits for each. A retry waits one second longer
    # than the one before; so many of them that nothing is given up while somebody is away.
    return f"""\
[program:{process.name}]
command={_ini(shlex.join(process.command))}
directory={_ini(process.directory)}
environment={environment}
priority={place + 1}
autostart=false
autorestart=true
startsecs=1
startretries=10000
stopwaitsecs={process.stop_seconds}
stopasgroup=true
killasgroup=true
redirect_stderr=true
stdout_logfile={log}
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=3
"""


def valkey_conf(settings: Settings, layout: Layout, password: str) -> str:
    # The process title would overwrite the environment that carries our mark.
    return f"""\
bind 127.0.0.1
port {settings.valkey_port}
requirepass {json.dumps(password)}
dir {json.dumps(str(layout.valkey), ensure_ascii=False)}
appendonly yes
appendfsync always
maxmemory-policy noeviction
save ""
set-proc-title no
"""


def traefik_conf(static: str, settings: Settings, layout: Layout) -> str:
    """Answer the shipped static configuration with this machine's addresses and paths."""
    configuration = yaml.safe_load(static)
    points = configuration["entryPoints"]
    points["edge"]["address"] = listen(settings.bind, settings.edge_port)
    points["admin"]["address"] = listen(settings.admin_bind, settings.admin_port)
    places = Places(
        web=listen(settings.tls_bind, settings.http_port),
        websecure=listen(settings.tls_bind, settings.https_port),
        acme_storage=str(layout.acme / "acme.json"),
        root=layout.root,
    )
    add_tls(configuration, settings, places)
    configuration["accessLog"]["filePath"] = str(layout.log("access"))
    configuration["providers"]["file"]["directory"] = str(layout.watched)
    body: str = yaml.safe_dump(configuration, sort_keys=False, allow_unicode=True)
    return f"# Written by `just up` from traefik/traefik.yaml; change that one.\n{body}"


def _ini(value: str | Path) -> str:
    # The start of a comment or of a line for supervisord, of a variable for Traefik: neither has
    # an escape for it.
    return _refuse(str(value), (" ;", " #", "\n", "$")).replace("%", "%%")


def _refuse(text: str, signs: Iterable[str]) -> str:
    if any(sign in text for sign in signs):
        raise StackError(
            f"supervisord or Traefik would misread this path; move the checkout: {text}"
        )
    return text
