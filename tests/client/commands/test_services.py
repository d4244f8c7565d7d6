import json
from typing import Any

import pytest

from tests.client.commands.conftest import Terminal, a_service, an_instance
from tests.fakes.gateway import FakeGateway, Scripted

FOR_EVER: dict[str, Any] = {"ttl_seconds": None, "expires_at": None, "heartbeat_url": "x"}


def test_services_are_listed_in_columns(gateway: FakeGateway, terminal: Terminal) -> None:
    two = [an_instance(healthy=True), an_instance(healthy=False, lease=FOR_EVER)]
    services = [
        a_service(instances=[an_instance(healthy=True)]),
        a_service(name="a", url=None, owner="admin", instances=two),
        a_service(name="b", rejected="The edge refused it.", instances=[]),
    ]
    gateway.script(Scripted(200, {"services": services}))

    done = terminal.run("service", "list")

    assert gateway.asked[0].path == "/gateway/services"
    assert done == (
        0,
        (
            "NAME    URL                 INSTANCES  HEALTH       LEASE ENDS  OWNER\n"
            "orders  http://edge/orders  1          up           in 21 s     join\n"
            "a       -                   2          1 of 2 down  never       admin\n"
            "b       http://edge/orders  0          rejected     -           join\n"
        ),
        "",
    )


def test_nothing_registered_is_said_beside_an_empty_list(
    gateway: FakeGateway, terminal: Terminal
) -> None:
    gateway.script(Scripted(200, {"services": []}))

    assert terminal.run("service", "list") == (0, "", "Nothing is registered.\n")


def test_a_service_is_shown_with_its_instances(gateway: FakeGateway, terminal: Terminal) -> None:
    instances = [an_instance(version="1.2", healthy=False), an_instance(instance_id="two")]
    service = a_service(
        description="Takes\norders",
        strip_prefix=False,
        tags=["shop", "eu"],
        health={"path": "/health", "interval_seconds": 10, "timeout_seconds": 2},
        documentation={"state": "failed", "reason": "404"},
        preset="public",
        policies={"rateLimit": {"average": 20}, "strategy": "p2c"},
        backup_for=["other"],
        warnings=["No instance has that version."],
        instances=instances,
    )
    gateway.script(Scripted(200, service))

    done = terminal.run("service", "show", "orders")

    assert gateway.asked[0].path == "/gateway/services/orders"
    assert done == (
        0,
        (
            "orders\n"
            "  url               http://edge/orders\n"
            "  prefix            /orders (kept)\n"
            "  expose            all\n"
            "  owner             join\n"
            "  since             2026-06-30T19:00:00+07:00 (1 d ago)\n"
            "  about             Takes orders\n"
            "  tags              shop, eu\n"
            "  docs              failed: 404\n"
            "  health            /health\n"
            "  preset            public\n"
            "  backup for        other\n"
            '  policy rateLimit  {"average": 20}\n'
            '  policy strategy   "p2c"\n'
            "  warning           No instance has that version.\n"
            "\n"
            "INSTANCE  ADDRESS                HEALTH  WEIGHT  VERSION  LEASE ENDS\n"
            "one       http://127.0.0.1:8000  down    1       1.2      in 21 s\n"
            "two       http://127.0.0.1:8000  -       1       -        in 21 s\n"
        ),
        "",
    )


def test_a_service_is_removed(gateway: FakeGateway, terminal: Terminal) -> None:
    gateway.script(Scripted(204))

    done = terminal.run("service", "remove", "orders")

    asked = gateway.asked[0]
    assert (asked.method, asked.path) == ("DELETE", "/gateway/services/orders")
    assert done == (0, "Removed orders.\n", "")


@pytest.mark.parametrize(
    ("argv", "reply", "printed"),
    [
        (("list",), Scripted(200, {"services": [a_service()]}), {"services": [a_service()]}),
        (("show", "orders"), Scripted(200, a_service()), a_service()),
        (("remove", "orders"), Scripted(204), {"removed": "orders"}),
    ],
)
def test_the_answer_can_be_had_as_json(
    gateway: FakeGateway, terminal: Terminal, argv: tuple[str, ...], reply: Scripted, printed: Any
) -> None:
    gateway.script(reply)

    done = terminal.run("service", *argv, "--json")

    assert (done.status, json.loads(done.out), done.err) == (0, printed, "")


@pytest.mark.parametrize("command", ["show", "remove"])
@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_name_cannot_leave_its_place_in_the_address(
    gateway: FakeGateway, terminal: Terminal, command: str, name: str
) -> None:
    done = terminal.run("service", command, name)

    assert done == (1, "", "gatehouse: A name or an id must not be empty, '.' or '..'.\n")
    assert gateway.asked == []


def test_what_others_have_told_the_gateway_does_not_steer_the_terminal(
    gateway: FakeGateway, terminal: Terminal
) -> None:
    gateway.script(Scripted(200, a_service(description="\x1b]0;owned\x07 \u202e x")))

    done = terminal.run("service", "show", "orders")

    assert "  about   ?]0;owned? ? x\n" in done.out


@pytest.mark.parametrize(
    "body", [{"services": None}, {"services": [1]}, {"services": {}}, {"a": 1}]
)
def test_an_answer_of_another_form_is_no_gateways(
    gateway: FakeGateway, terminal: Terminal, body: dict[str, Any]
) -> None:
    gateway.script(Scripted(200, body))

    done = terminal.run("service", "list")

    said = "gatehouse: The answer is not a Gatehouse gateway's: it has no list of services.\n"
    assert done == (1, "", said)
