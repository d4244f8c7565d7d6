import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.client.commands.conftest import Terminal
from tests.fakes.gateway import REGISTER, FakeGateway, Scripted, problem, registered

ORDERS = "name: orders\nbase_url: http://127.0.0.1:8000\n"
BOTH = f"{ORDERS}ttl_seconds: 60\n---\nname: bills\nbase_url: http://127.0.0.1:8001\n"
INSTANCE = "/gateway/services/orders/instances/one"


def test_without_an_end_it_stays_until_it_is_removed(
    gateway: FakeGateway, terminal: Terminal
) -> None:
    answer = registered("orders", "one", None)
    answer["lease"]["expires_at"] = None
    answer["warnings"] = ["Nothing answers at http://127.0.0.1:8000 yet."]
    gateway.script(Scripted(201, answer))

    done = terminal.run("service", "register", terminal.file(ORDERS))

    asked = gateway.asked[0]
    assert (asked.method, asked.path) == REGISTER
    assert asked.body == {
        "name": "orders",
        "base_url": "http://127.0.0.1:8000",
        "ttl_seconds": None,
    }
    assert done == (
        0,
        (
            "orders is live after 12 ms\n"
            "  url       http://edge/orders\n"
            "  docs      http://edge/docs\n"
            "  instance  one\n"
            "  lease     none: it stays until `gatehouse service remove orders`\n"
            "  warning   Nothing answers at http://127.0.0.1:8000 yet.\n"
        ),
        "",
    )


def test_with_an_end_it_says_when_and_that_nobody_keeps_it(
    gateway: FakeGateway, terminal: Terminal
) -> None:
    answer = registered("orders", "one", 60)
    answer["lease"]["expires_at"] = "2026-07-01T12:01:00Z"
    gateway.script(Scripted(200, answer))

    done = terminal.run("service", "register", terminal.file(f"{ORDERS}ttl_seconds: 60"))

    assert gateway.asked[0].body["ttl_seconds"] == 60
    assert "  lease     ends 2026-07-01T19:01:00+07:00 (in 1 min) without a heartbeat" in done.out


@pytest.mark.parametrize(
    ("changed", "first_line"),
    [
        ({"live": False}, "orders is registered, and the edge does not have it yet"),
        ({"live": False, "url": None}, "orders is registered; it is listed, not routed"),
    ],
)
def test_what_is_not_live_is_not_called_so(
    gateway: FakeGateway, terminal: Terminal, changed: dict[str, object], first_line: str
) -> None:
    gateway.script(Scripted(201, registered("orders", "one", 60) | changed))

    done = terminal.run("service", "register", terminal.file(ORDERS))

    assert (done.status, done.out.splitlines()[0]) == (0, first_line)


def test_it_need_not_wait_for_the_edge(gateway: FakeGateway, terminal: Terminal) -> None:
    gateway.script(Scripted(201, registered("orders", "one", 60) | {"live": False}))

    done = terminal.run("service", "register", terminal.file(ORDERS), "--no-wait")

    assert gateway.asked[0].path == "/gateway/register?wait=false"
    assert done.out.splitlines()[0] == "orders is registered; the edge follows"


def test_every_document_of_the_file_is_a_service(gateway: FakeGateway, terminal: Terminal) -> None:
    done = terminal.run("service", "register", terminal.file(BOTH), "--json")

    assert [asked.body["name"] for asked in gateway.asked] == ["orders", "bills"]
    assert [asked.body["ttl_seconds"] for asked in gateway.asked] == [60, None]
    decoder = json.JSONDecoder()
    first, end = decoder.raw_decode(done.out)
    assert (first["name"], json.loads(done.out[end:])["name"]) == ("orders", "bills")


def test_the_first_refusal_ends_it_and_names_the_service(
    gateway: FakeGateway, terminal: Terminal
) -> None:
    fields = {"policies.rateLimit.average": "Input should be greater than 0"}
    gateway.script(
        problem(400, "invalid-input", ": ".join(*fields.items()), fields),
    )

    done = terminal.run("service", "register", terminal.file(BOTH))

    assert len(gateway.asked) == 1
    assert done == (
        1,
        "",
        (
            "gatehouse: orders: The request is not valid:\n"
            "  policies.rateLimit.average: Input should be greater than 0\n"
        ),
    )


def test_a_key_that_may_not_register_for_ever_is_told_the_ways_out(
    gateway: FakeGateway, terminal: Terminal
) -> None:
    gateway.script(problem(403, "permanent-lease", "ttl_seconds: null never ends."))

    done = terminal.run("service", "register", terminal.file(ORDERS))

    assert done == (
        1,
        "",
        (
            "gatehouse: orders: ttl_seconds: null never ends.\n"
            "  The key is from GATEHOUSE_TOKEN.\n"
            "  The manifest has no ttl_seconds, so it was to stay for ever, which takes the admin"
            " key.\n  Give ttl_seconds in it, or --keep, or that key.\n"
        ),
    )


@pytest.mark.parametrize("options", [(), ("--json",), ("--keep",)])
def test_a_dry_run_prints_what_would_be_sent_and_needs_no_gateway(
    gateway: FakeGateway, terminal: Terminal, options: tuple[str, ...]
) -> None:
    terminal.environ.clear()
    manifest = f"{ORDERS}preset: public\npolicies: {{retry: null}}\nhealth: /health\n"

    done = terminal.run("service", "register", terminal.file(manifest), "--dry-run", *options)

    assert (done.status, done.err, gateway.asked) == (0, "", [])
    assert json.loads(done.out) == {
        "name": "orders",
        "base_url": "http://127.0.0.1:8000",
        "ttl_seconds": 30 if "--keep" in options else None,
        "preset": "public",
        "policies": {"retry": None},
        "health": {"path": "/health"},
    }


def test_what_is_wrong_with_the_file_is_said_before_anything_is_sent(
    gateway: FakeGateway, terminal: Terminal
) -> None:
    path = terminal.file("name: orders\npolicy: {}\nweight: many\n")

    done = terminal.run("service", "register", path)

    assert (done.status, done.out, gateway.asked) == (1, "", [])
    assert done.err == (
        f"gatehouse: {path} is not a manifest:\n"
        "  policy: is not known here; did you mean policies?\n"
        "  weight: must be a whole number\n"
    )


def test_a_service_without_an_address_is_not_sent(gateway: FakeGateway, terminal: Terminal) -> None:
    path = terminal.file(f"{ORDERS}---\nname: bills\n")

    done = terminal.run("service", "register", path)

    assert (done.status, gateway.asked) == (1, [])
    assert done.err == (
        f"gatehouse: {path}: bills: base_url: is missing: say where the gateway reaches it, such as"
        " http://127.0.0.1:8000\n"
    )


def test_an_answer_without_a_lease_is_no_gateways(gateway: FakeGateway, terminal: Terminal) -> None:
    gateway.script(Scripted(200, {"hello": "world"}))

    done = terminal.run("service", "register", terminal.file(ORDERS))

    said = "gatehouse: The answer is not a Gatehouse gateway's: it has no lease.\n"
    assert done == (1, "", said)


def test_keeping_what_has_no_end_makes_no_sense(gateway: FakeGateway, terminal: Terminal) -> None:
    path = terminal.file(f"{ORDERS}ttl_seconds: null\n")

    done = terminal.run("service", "register", path, "--keep")

    assert (done.status, gateway.asked) == (1, [])
    assert "ttl_seconds: is null, so that there is nothing to keep" in done.err


def test_what_is_kept_gets_heartbeats_and_is_taken_out_at_the_end(
    gateway: FakeGateway, terminal: Terminal
) -> None:
    def wait(ready: Callable[[], None]) -> None:
        ready()
        gateway.wait_for("POST", f"{INSTANCE}/heartbeat")
        gateway.wait_for("POST", "/gateway/services/bills/instances/one/heartbeat")

    terminal.wait = wait

    done = terminal.run("service", "register", terminal.file(BOTH), "--keep")

    gateway.wait_for("DELETE", INSTANCE)
    gateway.wait_for("DELETE", "/gateway/services/bills/instances/one")
    registrations = [
        asked.body for asked in gateway.asked if (asked.method, asked.path) == REGISTER
    ]
    assert [body["ttl_seconds"] for body in registrations] == [60, 30]
    assert done.status == 0
    assert "  lease     kept by this command\n" in done.out
    assert done.err == (
        "Sending heartbeats. Ctrl-C takes it out again.\nRemoved bills.\nRemoved orders.\n"
    )


def test_what_was_kept_already_is_taken_out_when_the_next_is_refused(
    gateway: FakeGateway, terminal: Terminal
) -> None:
    gateway.refused["bills"] = problem(409, "prefix-conflict", "'/bills' is taken.")

    done = terminal.run("service", "register", terminal.file(BOTH), "--keep")

    assert done.status == 1
    assert done.err.endswith("gatehouse: bills: '/bills' is taken.\n")
    gateway.wait_for("DELETE", INSTANCE)


def test_a_gateway_that_forgets_what_is_kept_is_told_again(
    gateway: FakeGateway, terminal: Terminal
) -> None:
    gateway.ttl_seconds = 1

    def wait(ready: Callable[[], None]) -> None:
        ready()
        gateway.wait_for("POST", f"{INSTANCE}/heartbeat")
        gateway.forget()
        gateway.wait_for(*REGISTER, times=2)
        gateway.wait_for("POST", f"{INSTANCE}/heartbeat", times=3)

    terminal.wait = wait

    done = terminal.run("service", "register", terminal.file(ORDERS), "--keep")

    assert done.status == 0
    assert "gatehouse: orders: the gateway has forgotten this instance" in done.err


@pytest.mark.slow
@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_what_is_kept_and_it_says_so(
    gateway: FakeGateway, tmp_path: Path, ending: signal.Signals
) -> None:
    (tmp_path / "gatehouse.yaml").write_text(ORDERS)
    kept = subprocess.Popen(
        [sys.executable, "-m", "gatehouse", "service", "register", "gatehouse.yaml", "--keep"],
        cwd=tmp_path,
        env={"GATEHOUSE_URL": gateway.url, "GATEHOUSE_TOKEN": "hush"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert kept.stderr is not None
    assert kept.stderr.readline() == "Sending heartbeats. Ctrl-C takes it out again.\n"

    os.kill(kept.pid, ending)
    out, err = kept.communicate(timeout=10)

    assert (kept.returncode, out.splitlines()[0]) == (0, "orders is live after 12 ms")
    assert err == "Removed orders.\n"
    gateway.wait_for("DELETE", INSTANCE)


def test_what_the_gateway_did_not_take_out_is_not_called_removed(
    gateway: FakeGateway, terminal: Terminal
) -> None:
    def wait(ready: Callable[[], None]) -> None:
        ready()
        gateway.wait_for("POST", f"{INSTANCE}/heartbeat")
        gateway.forget()

    terminal.wait = wait

    done = terminal.run("service", "register", terminal.file(ORDERS), "--keep")

    assert done.err == "Sending heartbeats. Ctrl-C takes it out again.\n"
