import configparser
import shlex
from pathlib import Path

import pytest
import yaml

from sidecar.settings import Settings
from stack.errors import StackError
from stack.layout import ROOT, layout_of
from stack.processes import Process
from stack.render import render, supervisord_conf, traefik_conf, valkey_conf

SETTINGS = Settings.model_construct(
    var_dir=Path("/srv/gate house/var"), watched_dir=Path("/srv/watched")
)
LAYOUT = layout_of(SETTINGS)


def test_a_per_cent_sign_reaches_supervisord_where_it_expands_twice() -> None:
    layout = layout_of(Settings.model_construct(var_dir=Path("/srv/100%/var")))

    conf = _read(supervisord_conf(layout, [Process("x", ("x",), Path("/"))]))

    assert conf["supervisord"]["logfile"] == "/srv/100%%/var/log/supervisord.log"
    assert conf["program:x"]["stdout_logfile"] == "/srv/100%%%%/var/log/x.log"


def test_a_program_is_run_restarted_and_ended_with_its_children() -> None:
    process = Process("math", ("/opt/my python", "-m", "it's"), Path("/srv/50%"), {"A": "b c"}, 7)

    program = _read(supervisord_conf(LAYOUT, [process]))["program:math"]

    assert shlex.split(program.pop("command")) == ["/opt/my python", "-m", "it's"]
    assert program == {
        "directory": "/srv/50%%",
        "environment": 'A="b c"',
        "priority": "1",
        "autostart": "false",
        "autorestart": "true",
        "startsecs": "1",
        "startretries": "10000",
        "stopwaitsecs": "7",
        "stopasgroup": "true",
        "killasgroup": "true",
        "redirect_stderr": "true",
        "stdout_logfile": "/srv/gate house/var/log/math.log",
        "stdout_logfile_maxbytes": "10MB",
        "stdout_logfile_backups": "3",
    }


def test_programs_stop_in_the_opposite_order() -> None:
    processes = [Process(name, ("x",), Path("/")) for name in ("first", "second")]

    conf = _read(supervisord_conf(LAYOUT, processes))

    assert [conf[f"program:{each.name}"]["priority"] for each in processes] == ["1", "2"]


@pytest.mark.parametrize("path", ["/srv/a #1", "/srv/a ;b", "/srv/a\nb", "/srv/$a"])
def test_a_path_that_would_be_misread_is_refused(path: str) -> None:
    with pytest.raises(StackError, match="move the checkout"):
        supervisord_conf(LAYOUT, [Process("x", ("x",), Path(path))])


@pytest.mark.parametrize("quote", ["'", '"'])
def test_a_value_that_would_end_its_own_quotation_is_refused(quote: str) -> None:
    with pytest.raises(StackError, match="move the checkout"):
        supervisord_conf(LAYOUT, [Process("x", ("x",), Path("/"), {"A": f"/o{quote}brien"})])


def test_valkey_keeps_what_it_accepts_and_listens_on_this_machine_alone() -> None:
    conf = valkey_conf(SETTINGS, LAYOUT, "secret")

    assert conf == (
        "bind 127.0.0.1\n"
        "port 30093\n"
        'requirepass "secret"\n'
        'dir "/srv/gate house/var/valkey"\n'
        "appendonly yes\n"
        "appendfsync always\n"
        "maxmemory-policy noeviction\n"
        'save ""\n'
        "set-proc-title no\n"
    )


def test_traefik_runs_as_shipped_but_for_addresses_and_paths() -> None:
    shipped = (ROOT / "traefik" / "traefik.yaml").read_text()
    settings = SETTINGS.model_copy(update={"bind": "::", "edge_port": 443, "admin_port": 9000})

    written = yaml.safe_load(traefik_conf(shipped, settings, LAYOUT))

    expected = yaml.safe_load(shipped)
    expected["entryPoints"]["edge"]["address"] = "[::]:443"
    expected["entryPoints"]["admin"]["address"] = "127.0.0.1:9000"
    expected["accessLog"]["filePath"] = "/srv/gate house/var/log/access.log"
    expected["providers"]["file"]["directory"] = "/srv/watched"
    assert written == expected


def test_the_password_is_written_into_valkeys_file_alone() -> None:
    files = render(SETTINGS, LAYOUT, [Process("x", ("x",), Path("/"))], "the-password")

    assert [path for path, text in files.items() if "the-password" in text] == [LAYOUT.valkey_conf]


def _read(text: str) -> dict[str, dict[str, str]]:
    parser = configparser.RawConfigParser()
    parser.read_string(text)
    return {section: dict(parser[section]) for section in parser.sections()}
