import os
import socket

import pytest

from sidecar.settings import Settings
from stack.errors import StackError
from stack.ports import Port, refuse_unusable, wanted


def test_all_taken_ports_are_listed_at_once_with_holder_and_setting() -> None:
    with _listener() as one, _listener() as two:
        ports = [_port("ONE", one), _port("TWO", two)]

        with pytest.raises(StackError) as refusal:
            refuse_unusable(ports)

    lines = str(refusal.value).splitlines()[1:]
    assert len(lines) == 2
    for port, line in zip(ports, lines, strict=True):
        assert line.startswith(f"  {port.number} is taken by ")
        assert line.endswith(f"(pid {os.getpid()}); {port.setting} moves ours")


def test_a_port_given_twice_names_both_settings() -> None:
    settings = Settings.model_construct(math_port=30091)

    with pytest.raises(StackError, match="30091 is given twice") as refusal:
        refuse_unusable(wanted(settings))

    assert "GATEHOUSE_ADMIN_PORT and GATEHOUSE_MATH_PORT" in str(refusal.value)


def test_an_address_of_another_machine_names_the_setting_that_holds_it() -> None:
    port = Port("GATEHOUSE_EDGE_PORT", "192.0.2.1", 30090, "GATEHOUSE_BIND")

    with pytest.raises(StackError, match="GATEHOUSE_BIND and GATEHOUSE_EDGE_PORT"):
        refuse_unusable([port])


def test_free_ports_are_used() -> None:
    with _listener() as once:
        port = _port("ONE", once)

    refuse_unusable([port])


def test_a_valkey_of_ones_own_needs_no_port_of_ours() -> None:
    settings = [
        port.setting for port in wanted(Settings.model_construct(valkey_url="redis://10.0.0.5"))
    ]

    assert "GATEHOUSE_VALKEY_PORT" not in settings


def _listener() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def _port(setting: str, listener: socket.socket) -> Port:
    return Port(setting, "127.0.0.1", listener.getsockname()[1])


def test_a_domain_wants_two_ports_more() -> None:
    plain, served = (
        {port.setting for port in wanted(Settings.model_construct(domain=domain))}
        for domain in ("", "api.example.com")
    )

    assert served - plain == {"GATEHOUSE_HTTP_PORT", "GATEHOUSE_HTTPS_PORT"}
