import socket
from pathlib import Path

import pytest

from tests.client.commands.conftest import Terminal
from tests.fakes.gateway import FakeGateway, Scripted, problem

LIST = ("service", "list")
NOTHING = Scripted(200, {"services": []})
HTML = Scripted(200, None, {"Content-Type": "text/html; charset=utf-8"}, b"<h1>It works!</h1>")


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (
            problem(401, "unauthorized", "The gateway does not know this key."),
            "The gateway does not know this key.\n  The key is from GATEHOUSE_TOKEN.",
        ),
        (
            problem(403, "forbidden", "The key 'join' lacks the scope 'admin'."),
            "The key 'join' lacks the scope 'admin'.\n  The key is from GATEHOUSE_TOKEN.",
        ),
        (problem(404, "service-not-found", "No 'x'."), "No 'x'."),
        (problem(409, "prefix-conflict", "'/a' is taken."), "'/a' is taken."),
        (problem(503, "valkey-away", "Valkey does not answer."), "Valkey does not answer."),
        (
            # What the gateway says of fields it says in the detail too.
            problem(400, "invalid-input", "a: no; b.c: not so", {"a": "no", "b.c": "not so"}),
            "The request is not valid:\n  a: no\n  b.c: not so",
        ),
        (
            problem(400, "invalid-input", "Two are wrong.", {"a": "no", "b": "no"}),
            "Two are wrong.\n  a: no\n  b: no",
        ),
        (
            Scripted(400, {"status": 400}, {"Content-Type": "application/json"}),
            "the gateway answered 400",
        ),
        (
            Scripted(
                400,
                {"status": 400, "detail": "x", "errors": [1, {"field": "a"}]},
                {"Content-Type": "application/problem+json"},
            ),
            "x\n  a: None",
        ),
    ],
)
def test_a_refusal_is_shown_as_the_gateway_puts_it(
    gateway: FakeGateway, terminal: Terminal, reply: Scripted, said: str
) -> None:
    gateway.script(reply)

    assert terminal.run(*LIST) == (1, "", f"gatehouse: {said}\n")


def test_a_redirect_is_named_and_not_followed_with_the_key(
    gateway: FakeGateway, terminal: Terminal
) -> None:
    gateway.script(Scripted(308, None, {"Location": "https://edge/gateway/services"}))

    done = terminal.run(*LIST)

    assert done == (
        1,
        "",
        (
            f"gatehouse: {gateway.url} redirects to https://edge/gateway/services:"
            " is that the --url?\n"
        ),
    )
    assert len(gateway.asked) == 1


@pytest.mark.parametrize(
    ("reply", "what"),
    [
        (HTML, "200 with text/html"),
        (Scripted(404, None, {"Content-Type": "text/plain"}, b"404 page not found"), "404 with"),
        (Scripted(500, None, {"Content-Type": "text/html"}, b"<h1>Oh</h1>"), "500 with text/html"),
        (Scripted(403, {"message": "no"}, {"Content-Type": "application/json"}), "403 with"),
        (Scripted(200, [1], {"Content-Type": "application/json"}), "200 with application/json"),
        (Scripted(200), "200 with no content type"),
        (Scripted(204), "204 with no content type"),
    ],
)
def test_something_else_on_the_gateways_port_is_not_taken_for_one(
    gateway: FakeGateway, terminal: Terminal, reply: Scripted, what: str
) -> None:
    gateway.script(reply)

    done = terminal.run(*LIST)

    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"gatehouse: {gateway.url} answered {what}")
    assert done.err.endswith("which is not what a Gatehouse gateway says. Is it the right --url?\n")


def test_a_stranger_that_takes_everything_has_removed_nothing(
    gateway: FakeGateway, terminal: Terminal
) -> None:
    gateway.script(HTML)

    done = terminal.run("service", "remove", "orders")

    assert (done.status, done.out) == (1, "")


@pytest.mark.parametrize("status", [502, 503, 504])
def test_an_edge_without_its_gateway_is_told_from_a_stranger(
    gateway: FakeGateway, terminal: Terminal, status: int
) -> None:
    gateway.script(Scripted(status, None, {"Content-Type": "text/plain"}, b"Bad Gateway"))

    assert terminal.run(*LIST) == (
        1,
        "",
        (
            f"gatehouse: {gateway.url} answered {status}: the edge is there, the gateway behind"
            " it is not. `./just status` says more.\n"
        ),
    )


def test_an_answer_that_cannot_be_unpacked_is_an_outage(
    gateway: FakeGateway, terminal: Terminal
) -> None:
    gateway.script(Scripted(200, None, {"Content-Encoding": "gzip"}, b"no gzip"))

    done = terminal.run(*LIST)

    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"gatehouse: {gateway.url}: Error -3 while decompressing data")


def test_a_gateway_that_does_not_listen_is_away(terminal: Terminal) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"

        done = terminal.run(*LIST, "--url", url)

    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"gatehouse: {url}: ")
    assert done.err.endswith("\n  Does the gateway run? `./just status` tells.\n")


@pytest.mark.parametrize("url", ["edge", "127.0.0.1:30090", "ftp://localhost", "http://a:port"])
def test_a_url_that_is_none_is_refused(terminal: Terminal, url: str) -> None:
    done = terminal.run(*LIST, "--url", url)

    said = "gatehouse: the gateway's URL must be http://host:port or https://host:port\n"
    assert done == (1, "", said)


def test_a_url_that_cannot_be_read_is_refused(terminal: Terminal) -> None:
    done = terminal.run(*LIST, "--url", "http://[edge")

    assert done == (1, "", "gatehouse: 'http://[edge' is not a URL: say http://host:port.\n")


def test_a_gateway_that_is_switched_off_is_not_asked(terminal: Terminal) -> None:
    terminal.environ["GATEHOUSE_URL"] = "off"

    done = terminal.run(*LIST)

    said = "gatehouse: GATEHOUSE_URL is off: say where the gateway is with --url.\n"
    assert done == (1, "", said)


def test_the_option_goes_before_the_environment(gateway: FakeGateway, terminal: Terminal) -> None:
    terminal.environ["GATEHOUSE_URL"] = "http://127.0.0.1:1"
    gateway.script(NOTHING)

    assert terminal.run(*LIST, "--url", f"{gateway.url}/").status == 0
    assert gateway.asked[0].path == "/gateway/services"


def a_secret(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("places", "used"),
    [
        (("--token-file", "GATEHOUSE_TOKEN", "GATEHOUSE_TOKEN_FILE", "admin.key"), "option"),
        (("GATEHOUSE_TOKEN", "GATEHOUSE_TOKEN_FILE", "admin.key"), "variable"),
        (("GATEHOUSE_TOKEN_FILE", "admin.key"), "named"),
        (("admin.key",), "generated"),
    ],
)
def test_the_key_is_looked_for_from_place_to_place(
    gateway: FakeGateway, terminal: Terminal, places: tuple[str, ...], used: str
) -> None:
    option: tuple[str, ...] = ()
    del terminal.environ["GATEHOUSE_TOKEN"]
    if "GATEHOUSE_TOKEN" in places:
        terminal.environ["GATEHOUSE_TOKEN"] = "variable"  # noqa: S105 - none that is secret
    if "--token-file" in places:
        option = ("--token-file", str(a_secret(terminal.folder, "option.key", "option")))
    if "GATEHOUSE_TOKEN_FILE" in places:
        named = a_secret(terminal.folder, "named.key", "named")
        terminal.environ["GATEHOUSE_TOKEN_FILE"] = str(named)
    a_secret(terminal.folder, "var/secrets/admin.key", "generated")
    a_secret(terminal.folder, "var/secrets/join.key", "never")
    gateway.script(NOTHING)

    done = terminal.run(*LIST, *option)

    assert done.status == 0
    assert gateway.asked[0].headers["authorization"] == f"Bearer {used}"


def test_a_refused_key_is_named_by_its_file(gateway: FakeGateway, terminal: Terminal) -> None:
    del terminal.environ["GATEHOUSE_TOKEN"]
    path = a_secret(terminal.folder, "var/secrets/admin.key", "stale")
    terminal.folder /= "below"
    gateway.script(problem(401, "unauthorized", "No such key."))

    done = terminal.run(*LIST)

    assert done.err == f"gatehouse: No such key.\n  The key is from {path}.\n"


def test_without_a_key_it_says_where_it_looked(gateway: FakeGateway, terminal: Terminal) -> None:
    del terminal.environ["GATEHOUSE_TOKEN"]

    done = terminal.run(*LIST)

    assert (done.status, done.out, gateway.asked) == (1, "", [])
    assert done.err.startswith(f"gatehouse: There is no {terminal.folder}/var/secrets/admin.key")
    assert "`./just token`" in done.err


def test_a_key_is_not_sent_in_clear_to_another_machine(terminal: Terminal) -> None:
    done = terminal.run(*LIST, "--url", "http://api.example.com")

    assert done == (
        1,
        "",
        (
            "gatehouse: http://api.example.com is another machine, and not encrypted: anybody on"
            " the way can read the key. Use https, or --insecure to send it all the same.\n"
        ),
    )


def test_whoever_insists_is_warned(terminal: Terminal) -> None:
    # The port is none, so that nothing leaves this machine.
    done = terminal.run(*LIST, "--insecure", "--url", "http://api.example.com:port")

    assert done == (
        1,
        "",
        (
            "gatehouse: http://api.example.com:port is another machine, and not encrypted: anybody"
            " on the way can read the key.\n"
            "gatehouse: the gateway's URL must be http://host:port or https://host:port\n"
        ),
    )


def test_a_key_that_hides_a_better_one_is_told_so(gateway: FakeGateway, terminal: Terminal) -> None:
    path = a_secret(terminal.folder, "var/secrets/admin.key", "generated")
    gateway.script(problem(403, "forbidden", "The key 'join' lacks the scope 'admin'."))

    done = terminal.run("key", "list")

    assert done.err == (
        "gatehouse: The key 'join' lacks the scope 'admin'.\n"
        f'  The key is from GATEHOUSE_TOKEN; with "unset GATEHOUSE_TOKEN" {path} is taken.\n'
        "  This takes the admin key: ./just token\n"
    )
