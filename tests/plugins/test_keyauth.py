"""`keyauth` in a real Traefik: who passes, what the service sees, and what the key file does."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.harness import eventually
from tests.plugins.keys import TOKEN, an_entry, replace, write_keys
from tests.plugins.recorder import Recorder
from tests.plugins.rig import Rig, plugin, route
from tests.plugins.wire import exchange

BEARER = f"Authorization: Bearer {TOKEN}"
Guard = Callable[..., Path]


@pytest.fixture
def guard(rig: Rig, service: Recorder, tmp_path: Path) -> Guard:
    """Put keyauth before the service, with a key file of the test's own; answers its path."""
    path = tmp_path / "keys.json"

    def make(*, settings: Any = None, more: Any = None, **entry: Any) -> Path:
        write_keys(path, {TOKEN: an_entry(**entry), **(more or {})})
        given = {"keyFile": str(path), "service": "math", "prefix": "/math", **(settings or {})}
        rig.apply(route(service.url, plugin("keyauth", **given)))
        return path

    return make


def test_a_key_passes_and_the_service_learns_whose_it_is(
    rig: Rig, guard: Guard, service: Recorder
) -> None:
    guard()

    answer = exchange(rig.edge_port, BEARER)

    assert answer.status == 200
    assert service.seen("X-Consumer") == ["alice"]
    assert service.seen("X-Consumer-Id") == ["a1b2c3d4e5f6"]
    assert service.seen("Authorization") == []


@pytest.mark.parametrize(
    "line",
    [
        f"X-API-Key: {TOKEN}",
        f"x-api-key: {TOKEN}",
        f"authorization: bearer {TOKEN}",
        f"Authorization: BEARER  {TOKEN}",
    ],
)
def test_a_key_is_found_in_every_spelling_and_taken_out(
    rig: Rig, guard: Guard, service: Recorder, line: str
) -> None:
    guard()

    assert exchange(rig.edge_port, line).status == 200
    assert service.seen("X-Consumer") == ["alice"]
    assert TOKEN not in str(service.requests)


def test_an_authorization_of_the_services_own_stays_beside_an_api_key(
    rig: Rig, guard: Guard, service: Recorder
) -> None:
    guard()

    for own in ("Basic YTpi", "Bearer eyJhbGciOi.J9"):
        answer = exchange(rig.edge_port, f"Authorization: {own}", f"X-API-Key: {TOKEN}")

        assert answer.status == 200
        assert service.seen("Authorization") == [own]
        assert service.seen("X-Api-Key") == []


def test_an_api_key_of_the_services_own_stays_and_a_second_key_of_ours_does_not(
    rig: Rig, guard: Guard, service: Recorder
) -> None:
    guard()

    assert exchange(rig.edge_port, BEARER, "X-API-Key: navigate_1").status == 200
    assert service.seen("X-Api-Key") == ["navigate_1"]
    assert exchange(rig.edge_port, BEARER, "X-API-Key: gate_x_y").status == 200
    assert service.seen("X-Api-Key") == []
    assert exchange(rig.edge_port, BEARER, "X-API-Key: a", "X-API-Key: gate_x_y").status == 200
    assert service.seen("X-Api-Key") == []


def test_the_key_is_passed_on_where_the_route_says_so(
    rig: Rig, guard: Guard, service: Recorder
) -> None:
    guard(settings={"forwardKey": True})

    assert exchange(rig.edge_port, BEARER).status == 200
    assert service.seen("Authorization") == [f"Bearer {TOKEN}"]


@pytest.mark.parametrize(
    "lines",
    [
        ("Authorization: Basic YTpi",),
        ("Authorization: Bearer",),
        ("Authorization:",),
        ("X-API-Key:",),
        (),
    ],
)
def test_a_request_without_a_key_is_asked_for_one(
    rig: Rig, guard: Guard, service: Recorder, lines: tuple[str, ...]
) -> None:
    guard()

    answer = exchange(rig.edge_port, *lines)

    assert answer.status == 401
    assert answer.all("WWW-Authenticate") == ['Bearer realm="gatehouse"']
    assert answer.all("Content-Type") == ["application/problem+json"]
    assert answer.all("Cache-Control") == ["no-store"]
    assert json.loads(answer.body) == {
        "type": "/problems/unauthorized",
        "title": "A key is needed",
        "status": 401,
        "detail": "Send your key as `Authorization: Bearer KEY` or `X-API-Key: KEY`.",
    }
    assert service.requests == []


WRONG = "gate_a1b2c3d4e5f6_" + "w" * 43


@pytest.mark.parametrize(
    "lines",
    [
        (f"Authorization: Bearer {WRONG}",),
        (f"Authorization: Bearer {TOKEN[:-1]}",),
        (f"Authorization: Bearer {TOKEN}s",),
        (f"Authorization: Bearer {TOKEN.upper()}",),
        (f"Authorization: Bearer {TOKEN}, Bearer {TOKEN}",),
        ("Authorization: Bearer eyJhbGciOi.J9",),
        ("Authorization: Bearer gate_" + "x" * 8192,),
        (b"Authorization: Bearer gate_\xff\xfe\x80\x81",),
        (b"X-API-Key: \xff\xfe\x80\x81",),
        (f"X-API-Key: {WRONG}",),
        (f"X-API-Key: Bearer {TOKEN}",),
        (BEARER, BEARER),
        (BEARER, "Authorization: Basic YTpi"),
        ("Authorization: Basic YTpi", BEARER),
        (f"X-API-Key: {TOKEN}", f"X-API-Key: {TOKEN}"),
        (BEARER, BEARER, f"X-API-Key: {TOKEN}"),
        ("Authorization: Basic YTpi", f"X-API-Key: {TOKEN}", f"X-API-Key: {WRONG}"),
    ],
)
def test_what_is_no_key_of_ours_is_refused_without_a_word_about_it(
    rig: Rig, guard: Guard, service: Recorder, lines: tuple[str | bytes, ...]
) -> None:
    guard()

    answer = exchange(rig.edge_port, *lines)

    assert answer.status == 401
    assert answer.all("WWW-Authenticate") == ['Bearer realm="gatehouse", error="invalid_token"']
    assert json.loads(answer.body)["detail"] == (
        "The key is not known here, has expired or was revoked, or was sent more than once."
    )
    assert service.requests == []


def test_a_key_is_good_until_it_expires(rig: Rig, guard: Guard) -> None:
    guard(expires=int(time.time()) + 3600)
    assert exchange(rig.edge_port, BEARER).status == 200


def test_an_expired_key_is_unknown_even_while_it_is_in_the_file(rig: Rig, guard: Guard) -> None:
    guard(expires=int(time.time()))
    assert exchange(rig.edge_port, BEARER).status == 401


def test_a_key_in_use_ends_when_it_expires(rig: Rig, guard: Guard) -> None:
    expires = int(time.time()) + 3
    guard(expires=expires)
    assert exchange(rig.edge_port, BEARER).status == 200

    eventually(lambda: "" if exchange(rig.edge_port, BEARER).status == 401 else "still good")

    assert expires <= time.time() < expires + 2.5  # 1 s, and what a busy machine needs


def test_what_was_found_out_in_one_header_says_nothing_about_another(
    rig: Rig, guard: Guard, service: Recorder
) -> None:
    guard()
    good, bad = f"X-API-Key: {TOKEN}", f"Authorization: {TOKEN}"

    assert [exchange(rig.edge_port, each).status for each in (good, bad, good)] == [200, 401, 200]
    good, bad = BEARER, f"X-API-Key: Bearer {TOKEN}"
    assert [exchange(rig.edge_port, each).status for each in (good, bad, good)] == [200, 401, 200]
    assert TOKEN not in str(service.requests)


def test_a_key_without_the_scope_is_told_which_it_lacks(
    rig: Rig, guard: Guard, service: Recorder
) -> None:
    guard(scopes=["edge:call"], settings={"scopes": ["edge:call", "math:write"]})

    answer = exchange(rig.edge_port, BEARER)

    assert answer.status == 403
    assert answer.all("WWW-Authenticate") == [
        'Bearer realm="gatehouse", error="insufficient_scope", scope="edge:call math:write"'
    ]
    assert json.loads(answer.body) == {
        "type": "/problems/forbidden",
        "title": "This key may not do that",
        "status": 403,
        "detail": "The key needs every scope of: edge:call, math:write.",
    }
    assert service.requests == []


@pytest.mark.parametrize(
    ("scopes", "needed", "status"),
    [
        (["edge:call"], None, 200),
        (["join", "edge:call"], None, 200),
        (["admin"], None, 200),
        (["join"], None, 403),
        ([], None, 403),
        (["edge:calls"], None, 403),
        (["b", "a"], ["a", "b"], 200),
        (["admin"], ["a", "b"], 200),
        (["a"], ["b"], 403),
        (["edge:call"], ["a"], 403),
    ],
)
def test_a_key_needs_every_scope_and_admin_stands_for_all(
    rig: Rig, guard: Guard, scopes: list[str], needed: list[str] | None, status: int
) -> None:
    guard(scopes=scopes, settings={"scopes": needed} if needed else None)
    assert exchange(rig.edge_port, BEARER).status == status


@pytest.mark.parametrize(
    ("narrowing", "status"),
    [
        ({"prefixes": ["/math"]}, 200),
        ({"prefixes": ["/math/"]}, 200),
        ({"prefixes": ["/"]}, 200),
        ({"prefixes": ["/other", "/math"]}, 200),
        ({"prefixes": ["/mat"]}, 403),
        ({"prefixes": ["/math/x"]}, 403),
        ({"prefixes": ["/mathx"]}, 403),
        ({"prefixes": []}, 403),
        ({"services": ["math"]}, 200),
        ({"services": ["mat", "other"]}, 403),
        ({"services": []}, 403),
        ({"services": ["math"], "prefixes": ["/math"]}, 200),
        ({"services": ["math"], "prefixes": ["/other"]}, 403),
        ({"services": ["other"], "prefixes": ["/math"]}, 403),
    ],
)
def test_a_narrowed_key_is_good_for_what_it_names_alone(
    rig: Rig, guard: Guard, narrowing: dict[str, Any], status: int
) -> None:
    guard(**narrowing)

    answer = exchange(rig.edge_port, BEARER)

    assert answer.status == status
    if status == 403:
        assert 'error="insufficient_scope"' in answer.all("WWW-Authenticate")[0]


@pytest.mark.parametrize(
    ("prefix", "status"),
    [("/math", 200), ("/math/x", 200), ("/math/x/", 200), ("/mathx", 403), ("/", 403), ("", 403)],
)
def test_a_prefix_covers_whole_segments(rig: Rig, guard: Guard, prefix: str, status: int) -> None:
    guard(prefixes=["/math"], settings={"prefix": prefix})
    assert exchange(rig.edge_port, BEARER).status == status


SPOOFS: tuple[tuple[str, ...], ...] = (
    ("X-Consumer: mallory",),
    ("X-Consumer: mallory", "X-Consumer: mallory"),
    ("x-CONSUMER: mallory",),
    ("x_consumer: mallory", "X_Consumer: mallory", "X-Consumer_Id: mallory"),
    ("X.Consumer: mallory", "X~Consumer: mallory"),
    ("X-Consumer:", "X-Consumer-Id:"),
    ("Connection: X-Consumer, X-Consumer-Id, X-Site-Id, close",),
    ("Connection: close", "connection:  x-consumer ,\tX-CONSUMER-ID"),
    ("Connection: close", "Connection: keep-alive", "Connection: X-Site-Id,x-app-id,X-User-ID"),
    ("X-Site-Id: mallory", "X-App-Id: mallory", "X-User-Id: mallory", "X-Consumer-Id: mallory"),
)


@pytest.mark.parametrize("lines", SPOOFS)
def test_the_service_sees_what_we_say_and_never_what_the_caller_says(
    rig: Rig, guard: Guard, service: Recorder, lines: tuple[str, ...]
) -> None:
    guard(site="s1", app="a1", user="u1")

    for _ in ("looked at closely", "known already"):
        answer = exchange(rig.edge_port, BEARER, *lines)

        assert answer.status == 200
        assert service.seen("X-Consumer") == ["alice"]
        assert service.seen("X-Consumer-Id") == ["a1b2c3d4e5f6"]
        assert service.seen("X-Site-Id") == ["s1"]
        assert service.seen("X-App-Id") == ["a1"]
        assert service.seen("X-User-Id") == ["u1"]
        assert "mallory" not in str(service.requests)


def test_a_caller_cannot_say_who_it_is_in_a_trailer(
    rig: Rig, guard: Guard, service: Recorder
) -> None:
    guard()
    body = b"2\r\nhi\r\n0\r\nX-Consumer: mallory\r\nX-Consumer-Id: mallory\r\n\r\n"

    for announced in ((), ("Trailer: X-Consumer, X-Consumer-Id",)):
        sent = ("Transfer-Encoding: chunked", *announced)
        assert exchange(rig.edge_port, BEARER, *sent, body=body).status == 200
        assert service.seen("X-Consumer") == ["alice"]
        assert "mallory" not in str(service.requests)


def test_what_a_key_leaves_open_is_the_callers_to_say(
    rig: Rig, guard: Guard, service: Recorder
) -> None:
    guard(site="s1")

    exchange(rig.edge_port, BEARER, "X-Site-Id: s2", "X-App-Id: a2", "X-User-Id: u2")

    assert service.seen("X-Site-Id") == ["s1"]
    assert service.seen("X-App-Id") == ["a2"]
    assert service.seen("X-User-Id") == ["u2"]


def test_other_connection_options_go_on_to_work(rig: Rig, guard: Guard, service: Recorder) -> None:
    guard()

    answer = exchange(rig.edge_port, BEARER, "Connection: close, X-Hop", "X-Hop: 1")

    assert answer.status == 200
    assert answer.all("Connection") == ["close"]
    assert service.seen("X-Hop") == []


def test_a_route_waits_for_the_first_key_file_and_is_never_open(
    rig: Rig, service: Recorder, tmp_path: Path
) -> None:
    path = tmp_path / "keys.json"
    rig.apply(route(service.url, plugin("keyauth", keyFile=str(path))))

    for lines in ((), (BEARER,)):
        answer = exchange(rig.edge_port, *lines)
        assert answer.status == 503
        assert answer.all("Retry-After") == ["1"]
        assert json.loads(answer.body)["type"] == "/problems/keys-not-ready"
    assert service.requests == []

    write_keys(path, {TOKEN: an_entry()})
    eventually(lambda: "" if exchange(rig.edge_port, BEARER).status == 200 else "still refused", 3)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\x00\xff",
        b'{"version": 2, "keys": {}}',
        b'{"version": 1}',
        b'{"version": 1, "keys": null}',
        b'{"version": 1, "keys": []}',
        b'{"version": 1, "keys": {"a": {"scopes": "all"}}}',
        b'{"version": 1, "keys": {}',
        b'{"version": 1, "keys": {}} {}',
    ],
)
def test_what_is_no_key_file_opens_nothing(
    rig: Rig, service: Recorder, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "keys.json"
    path.write_bytes(content)
    rig.apply(route(service.url, plugin("keyauth", keyFile=str(path))))

    assert exchange(rig.edge_port, BEARER).status == 503


def test_a_new_key_and_a_revoked_one_take_effect_without_a_reload(rig: Rig, guard: Guard) -> None:
    path = guard()
    assert _status(rig, TOKEN) == 200
    before = rig.log().count("Configuration received")
    started = time.monotonic()
    write_keys(path, {WRONG: an_entry(id="000000000002")})

    eventually(lambda: "" if _status(rig, WRONG) == 200 else "the new key is not known")

    assert _status(rig, TOKEN) == 401
    assert time.monotonic() - started < 2.5  # 1 s, and what a busy machine needs
    assert rig.log().count("Configuration received") == before


def test_a_file_that_goes_bad_leaves_the_keys_as_they_were(rig: Rig, guard: Guard) -> None:
    path = guard()

    replace(path, b'{"version": 1, "keys": {"secret')
    eventually(lambda: "" if f"{path} is not JSON" in rig.log() else "not noticed")
    assert _status(rig, TOKEN) == 200
    path.unlink()
    eventually(lambda: "" if f"stat {path}: no such file" in rig.log() else "not noticed")
    assert _status(rig, TOKEN) == 200
    path.mkdir()
    eventually(lambda: "" if f"read {path}: is a directory" in rig.log() else "not noticed")
    assert _status(rig, TOKEN) == 200
    path.rmdir()
    write_keys(path, {WRONG: an_entry()})
    eventually(lambda: "" if _status(rig, TOKEN) == 401 else "the file is not read again")

    assert _status(rig, WRONG) == 200
    assert '"secret' not in rig.log()


def test_a_key_without_a_word_about_it_is_unknown(rig: Rig, guard: Guard) -> None:
    guard(more={WRONG: None})
    assert _status(rig, WRONG) == 401


def test_no_key_is_not_a_key_even_if_the_file_has_its_hash(rig: Rig, guard: Guard) -> None:
    guard(more={"": an_entry()})

    for lines in ((), ("Authorization: Bearer ",), ("X-API-Key:",), ("X-API-Key:", "X-API-Key:")):
        assert exchange(rig.edge_port, *lines).status == 401


def test_all_routes_share_a_table_and_it_outlives_reloads(
    rig: Rig, guard: Guard, service: Recorder
) -> None:
    path = guard()
    read = f"{path} read"
    for place in range(3):
        dynamic = route(service.url, plugin("keyauth", keyFile=str(path)), prefix=f"/{place}")
        rig.apply(dynamic)
        assert exchange(rig.edge_port, BEARER, path=f"/{place}").status == 200

    assert rig.log().count(read) == 1


def test_nothing_of_a_key_is_in_any_log_or_answer(rig: Rig, guard: Guard) -> None:
    guard()

    answers = [
        exchange(rig.edge_port, BEARER, "Authorization: Basic YTpi"),
        exchange(rig.edge_port, f"X-API-Key: {WRONG}"),
        exchange(rig.edge_port, f"Authorization: Bearer {TOKEN}"),
    ]

    eventually(lambda: "" if len(rig.access_log()) >= 3 else "not logged yet")
    files = rig.log() + (rig.folder / "access.log").read_text() + str(answers)
    for token in (TOKEN, WRONG):
        assert token.rpartition("_")[2] not in files


def test_the_report_names_every_key_that_was_used_once(
    rig: Rig, service: Recorder, tmp_path: Path
) -> None:
    path = tmp_path / "keys.json"
    other = "gate_000000000002_" + "o" * 43
    write_keys(path, {TOKEN: an_entry(), other: an_entry(id="000000000002"), WRONG: an_entry()})
    guarded = route(service.url, plugin("keyauth", keyFile=str(path), scopes=["edge:call"]))
    guarded["http"]["middlewares"]["used"] = plugin("keyauth", keyFile=str(path), report=True)
    guarded["http"]["routers"]["used"] = {
        "rule": "Path(`/gateway-keys/used`)",
        "entryPoints": ["admin"],
        "middlewares": ["used"],
        "service": "noop@internal",
    }
    rig.apply(guarded)

    assert _used(rig) == []
    for token in (TOKEN, other, TOKEN, WRONG):
        assert _status(rig, token) == 200
    assert _status(rig, "gate_unknown_x") == 401
    assert _used(rig) == ["000000000002", "a1b2c3d4e5f6"]
    assert _used(rig) == []
    assert _status(rig, TOKEN) == 200
    assert _used(rig) == ["a1b2c3d4e5f6"]
    assert httpx.post(f"{rig.admin}/gateway-keys/used").status_code == 405


def test_a_middleware_without_a_key_file_finds_it_in_the_edge_directory(
    rig: Rig, service: Recorder
) -> None:
    write_keys(rig.edge_dir / "keys.json", {TOKEN: an_entry()})

    rig.apply(route(service.url, plugin("keyauth")))

    assert _status(rig, TOKEN) == 200


def _status(rig: Rig, token: str) -> int:
    return exchange(rig.edge_port, f"Authorization: Bearer {token}").status


def _used(rig: Rig) -> list[str]:
    answer = httpx.get(f"{rig.admin}/gateway-keys/used", trust_env=False)
    assert answer.headers["content-type"] == "application/json"
    used: list[str] = answer.json()["used"]
    return sorted(used)
