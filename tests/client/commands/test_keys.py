import io
import json
from typing import Any

import pytest
from gatehouse.cli import run
from gatehouse.commands.console import Console
from gatehouse.commands.keys import EDGE_SECONDS

from tests.client.commands.conftest import TOKEN, Terminal, a_key
from tests.fakes.gateway import FakeGateway, Scripted, problem

ISSUED = "gate_a1b2c3d4e5f6_secret"


def test_a_token_is_printed_alone_and_explained_beside_it(
    gateway: FakeGateway, terminal: Terminal
) -> None:
    gateway.script(Scripted(201, a_key(token=ISSUED)))

    done = terminal.run("key", "create", "alice", "--scope", "edge:call")

    assert (done.status, done.out) == (0, f"{ISSUED}\n")
    assert done.err == (
        "Made the key a1b2c3d4e5f6 for alice: edge:call; expires: never.\n"
        "Its token is printed this once: the gateway keeps nothing but a hash of it.\n"
    )
    asked = gateway.asked[0]
    assert (asked.method, asked.path) == ("POST", "/gateway/keys")
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    assert asked.body == {"name": "alice", "scopes": ["edge:call"]}


def test_every_limit_of_a_key_is_sent_and_said(gateway: FakeGateway, terminal: Terminal) -> None:
    limited = a_key(
        token=ISSUED,
        scopes=["edge:call", "jobs:submit"],
        services=["math", "text"],
        prefixes=["/math"],
        capabilities=["ocr"],
        tenant={"site_id": "s1", "app_id": "a1", "user_id": "u1"},
        expires_at="2026-07-31T12:00:00Z",
    )
    gateway.script(Scripted(201, limited))

    done = terminal.run(
        *("key", "create", "alice", "--scope", "edge:call", "--scope", "jobs:submit"),
        *("--service", "math", "--service", "text", "--prefix", "/math", "--capability", "ocr"),
        *("--site", "s1", "--app", "a1", "--user", "u1", "--expires", "30d"),
    )

    assert gateway.asked[0].body == {
        "name": "alice",
        "scopes": ["edge:call", "jobs:submit"],
        "services": ["math", "text"],
        "prefixes": ["/math"],
        "capabilities": ["ocr"],
        "tenant": {"site_id": "s1", "app_id": "a1", "user_id": "u1"},
        "expires_in_seconds": 2_592_000,
    }
    assert done.err.splitlines()[0] == (
        "Made the key a1b2c3d4e5f6 for alice: edge:call, jobs:submit; only math, text, /math, ocr,"
        " site s1, app a1, user u1; expires: 2026-07-31T19:00:00+07:00 (in 30 d)."
    )


def test_a_moment_can_be_the_end(gateway: FakeGateway, terminal: Terminal) -> None:
    gateway.script(Scripted(201, a_key(token=ISSUED)))

    terminal.run("key", "create", "a", "--scope", "edge:call", "--expires", "2026-12-31T00:00:00Z")

    assert gateway.asked[0].body["expires_at"] == "2026-12-31T00:00:00+00:00"


@pytest.mark.parametrize("when", ["soon", "30", "2026-12-31", "2026-12-31T00:00:00", "-1d", ""])
def test_an_end_that_is_none_is_a_usage_error(
    gateway: FakeGateway,
    terminal: Terminal,
    capsys: pytest.CaptureFixture[str],
    when: str,
) -> None:
    with pytest.raises(SystemExit, match="2"):
        terminal.run("key", "create", "a", "--scope", "edge:call", f"--expires={when}")

    assert f"{when!r} is neither a duration such as 30d nor a time" in capsys.readouterr().err
    assert gateway.asked == []


def test_a_limit_that_is_empty_is_for_the_gateway_to_refuse(
    gateway: FakeGateway, terminal: Terminal
) -> None:
    gateway.script(problem(400, "invalid-input", "no"))

    options = ("--service", "", "--site", "", "--expires", "0d")
    terminal.run("key", "create", "a", "--scope", "edge:call", *options)

    said = gateway.asked[0].body
    assert (said["services"], said["tenant"]) == ([""], {"site_id": ""})
    assert said["expires_in_seconds"] == 0


def test_a_key_without_a_scope_is_a_usage_error(
    terminal: Terminal, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="2"):
        terminal.run("key", "create", "a")

    assert "--scope" in capsys.readouterr().err


def test_an_answer_without_a_token_is_no_gateways(gateway: FakeGateway, terminal: Terminal) -> None:
    gateway.script(Scripted(201, a_key()))

    done = terminal.run("key", "create", "alice", "--scope", "edge:call")

    said = "gatehouse: The answer is not a Gatehouse gateway's: it has no token.\n"
    assert done == (1, "", said)


def test_keys_are_listed_in_columns(gateway: FakeGateway, terminal: Terminal) -> None:
    keys = [
        a_key(id="admin", name="admin", scopes=["admin"], last_used_at="2026-07-01T11:55:00Z"),
        a_key(services=["math"], expires_at="2026-07-31T12:00:00Z"),
        a_key(name="bob", tenant={"site_id": "s1"}, expires_at="2026-07-01T11:00:00Z"),
        a_key(name="carol", revoked_at="2026-07-01T11:00:00Z"),
        a_key(name="dan", scopes=["a", "b"], overlap_ends_at="2026-07-01T13:00:00Z"),
    ]
    gateway.script(Scripted(200, {"keys": keys, "next": None}))

    done = terminal.run("key", "list")

    assert done == (
        0,
        (
            "ID            NAME   STATE     EXPIRES  LAST USED  ONLY     SCOPES\n"
            "admin         admin  live      never    5 min ago  -        admin\n"
            "a1b2c3d4e5f6  alice  live      in 30 d  never      math     edge:call\n"
            "a1b2c3d4e5f6  bob    expired   1 h ago  never      site s1  edge:call\n"
            "a1b2c3d4e5f6  carol  revoked   never    never      -        edge:call\n"
            "a1b2c3d4e5f6  dan    rotating  never    never      -        a, b\n"
        ),
        "",
    )


def test_a_long_list_is_asked_for_page_by_page(gateway: FakeGateway, terminal: Terminal) -> None:
    gateway.script(
        Scripted(200, {"keys": [a_key(id="one")], "next": "a b"}),
        Scripted(200, {"keys": [a_key(id="two")], "next": "two"}),
        Scripted(200, {"keys": [], "next": "two"}),
    )

    done = terminal.run("key", "list", "--json")

    assert [key["id"] for key in json.loads(done.out)["keys"]] == ["one", "two"]
    paths = [asked.path for asked in gateway.asked]
    assert paths == ["/gateway/keys", "/gateway/keys?after=a%20b", "/gateway/keys?after=two"]


def test_a_key_is_shown_with_its_times(gateway: FakeGateway, terminal: Terminal) -> None:
    key = a_key(
        services=["math"],
        tenant={"site_id": "s1", "app_id": None, "user_id": "u1"},
        rotated_at="2026-07-01T11:30:00Z",
        overlap_ends_at="2026-07-01T12:30:00Z",
    )
    gateway.script(Scripted(200, key))

    done = terminal.run("key", "show", "a1b2c3d4e5f6")

    assert gateway.asked[0].path == "/gateway/keys/a1b2c3d4e5f6"
    assert done == (
        0,
        (
            "a1b2c3d4e5f6\n"
            "  name             alice\n"
            "  state            rotating\n"
            "  scopes           edge:call\n"
            "  services         math\n"
            "  tenant           site s1, user u1\n"
            "  created          2026-06-01T07:00:00+07:00 (30 d ago)\n"
            "  created by       admin\n"
            "  expires          never\n"
            "  last used        never\n"
            "  rotated          2026-07-01T18:30:00+07:00 (30 min ago)\n"
            "  old token until  2026-07-01T19:30:00+07:00 (in 30 min)\n"
        ),
        "",
    )


@pytest.mark.parametrize(
    ("options", "seconds"), [((), 3600), (("--overlap", "2d"), 172_800), (("--overlap", "0"), 0)]
)
def test_a_new_token_overlaps_with_the_old_one(
    gateway: FakeGateway, terminal: Terminal, options: tuple[str, ...], seconds: int
) -> None:
    gateway.script(Scripted(200, a_key(token=ISSUED, overlap_ends_at="2026-07-01T13:00:00Z")))

    done = terminal.run("key", "rotate", "a1b2c3d4e5f6", *options)

    assert gateway.asked[0].path == "/gateway/keys/a1b2c3d4e5f6/rotate"
    assert gateway.asked[0].body == {"overlap_seconds": seconds}
    assert (done.status, done.out) == (0, f"{ISSUED}\n")
    assert done.err.splitlines()[0].startswith("Rotated the key a1b2c3d4e5f6 for alice: edge:call")
    assert done.err.splitlines()[-1] == (
        "The old token works until 2026-07-01T20:00:00+07:00 (in 1 h)."
    )


def test_a_token_that_is_replaced_at_once_has_ended(
    gateway: FakeGateway, terminal: Terminal
) -> None:
    gateway.script(Scripted(200, a_key(token=ISSUED)))

    done = terminal.run("key", "rotate", "a1b2c3d4e5f6", "--overlap", "0")

    assert done.err.splitlines()[-1] == "The old token has ended."


def test_a_key_is_revoked(gateway: FakeGateway, terminal: Terminal) -> None:
    gateway.script(Scripted(204))

    done = terminal.run("key", "revoke", "a1b2c3d4e5f6")

    asked = gateway.asked[0]
    assert (asked.method, asked.path) == ("DELETE", "/gateway/keys/a1b2c3d4e5f6")
    assert done == (0, "Revoked a1b2c3d4e5f6.\n", "")


def test_a_token_in_place_of_an_id_is_not_put_into_the_address(
    gateway: FakeGateway, terminal: Terminal
) -> None:
    gateway.script(Scripted(204))

    done = terminal.run("key", "revoke", ISSUED)

    assert gateway.asked[0].path == "/gateway/keys/a1b2c3d4e5f6"
    assert done.out == "Revoked a1b2c3d4e5f6.\n"


@pytest.mark.parametrize(
    ("argv", "reply", "printed"),
    [
        (("create", "a", "--scope", "admin"), Scripted(201, a_key(token=ISSUED)), None),
        (("list",), Scripted(200, {"keys": [a_key()], "next": None}), {"keys": [a_key()]}),
        (("show", "x"), Scripted(200, a_key()), None),
        (("rotate", "x"), Scripted(200, a_key(token=ISSUED)), None),
        (("revoke", "x"), Scripted(204), {"revoked": "x"}),
    ],
)
def test_the_answer_can_be_had_as_json(
    gateway: FakeGateway, terminal: Terminal, argv: tuple[str, ...], reply: Scripted, printed: Any
) -> None:
    gateway.script(reply)

    done = terminal.run("key", *argv, "--json")

    assert done.status == 0
    assert json.loads(done.out) == (printed or reply.body)


CHANGES = [
    (("create", "a", "--scope", "admin"), Scripted(201, a_key(token=ISSUED))),
    (("rotate", "x"), Scripted(200, a_key(token=ISSUED))),
    (("revoke", "x"), Scripted(204)),
]


@pytest.mark.parametrize(("argv", "reply"), CHANGES)
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_change_waits_until_the_edge_heeds_it(
    gateway: FakeGateway,
    terminal: Terminal,
    argv: tuple[str, ...],
    reply: Scripted,
    form: tuple[str, ...],
) -> None:
    gateway.script(reply)

    done = terminal.run("key", *argv, *form)

    assert (done.status, terminal.paused) == (0, [EDGE_SECONDS])


@pytest.mark.parametrize(("argv", "reply"), CHANGES)
def test_whoever_does_not_wait_is_told_how_long_it_takes(
    gateway: FakeGateway, terminal: Terminal, argv: tuple[str, ...], reply: Scripted
) -> None:
    gateway.script(reply)

    done = terminal.run("key", *argv, "--no-wait")

    assert (done.status, terminal.paused) == (0, [])
    assert done.err.endswith("The edge heeds this within 1.5 seconds.\n")


def test_ctrl_c_while_it_waits_loses_no_token(gateway: FakeGateway) -> None:
    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    gateway.script(Scripted(201, a_key(token=ISSUED)))
    out = io.StringIO()
    environ = {"GATEHOUSE_URL": gateway.url, "GATEHOUSE_TOKEN": TOKEN}
    console = Console(out, io.StringIO(), wait=lambda _: None, pause=interrupted, environ=environ)

    with pytest.raises(KeyboardInterrupt):
        run(("key", "create", "alice", "--scope", "edge:call"), console)

    assert out.getvalue() == f"{ISSUED}\n"


@pytest.mark.parametrize(
    ("scope", "said"),
    [
        ("edge:cal", "'edge:cal' is no scope; did you mean edge:call?"),
        ("Edge:Call", "'Edge:Call' is no scope; did you mean edge:call?"),
        ("admins", "'admins' is no scope; did you mean admin?"),
        ("edge:call,admin", "'edge:call,admin' is several: give --scope once for each"),
    ],
)
def test_a_scope_that_is_none_is_a_usage_error(
    gateway: FakeGateway,
    terminal: Terminal,
    capsys: pytest.CaptureFixture[str],
    scope: str,
    said: str,
) -> None:
    with pytest.raises(SystemExit, match="2"):
        terminal.run("key", "create", "a", "--scope", scope)

    err = capsys.readouterr().err
    assert said in err
    assert err.startswith("usage: gatehouse key create ")
    assert gateway.asked == []


@pytest.mark.parametrize("scope", ["billing:read", "jab:read", "nonsense", ""])
def test_other_scopes_are_for_the_gateway_to_judge(
    gateway: FakeGateway, terminal: Terminal, scope: str
) -> None:
    gateway.script(Scripted(201, a_key(token=ISSUED)))

    assert terminal.run("key", "create", "a", "--scope", scope).status == 0
    assert gateway.asked[0].body["scopes"] == [scope]


@pytest.mark.parametrize("command", ["show", "rotate", "revoke"])
def test_a_name_in_place_of_an_id_is_told_the_id(
    gateway: FakeGateway, terminal: Terminal, command: str
) -> None:
    keys = [
        a_key(),
        a_key(id="old", revoked_at="2026-07-01T11:00:00Z"),
        a_key(id="b", name="bob"),
    ]
    gateway.script(
        problem(404, "key-not-found", "No key 'alice'."),
        Scripted(200, {"keys": keys, "next": None}),
    )

    done = terminal.run("key", command, "alice")

    assert done == (1, "", "gatehouse: This takes an id; 'alice' is a1b2c3d4e5f6.\n")


def test_what_is_neither_id_nor_name_is_not_found(gateway: FakeGateway, terminal: Terminal) -> None:
    gateway.script(
        problem(404, "key-not-found", "No key 'alice'."),
        Scripted(200, {"keys": [a_key(name="bob")], "next": None}),
    )

    done = terminal.run("key", "revoke", "alice")

    assert done == (1, "", "gatehouse: No key 'alice'.\n")


def test_a_refused_key_is_told_which_one_it_takes(gateway: FakeGateway, terminal: Terminal) -> None:
    gateway.script(problem(401, "unauthorized", "Send one; `./just token join` prints one."))

    done = terminal.run("key", "list")

    assert done.err.endswith(
        "  The key is from GATEHOUSE_TOKEN.\n  This takes the admin key: ./just token\n"
    )
