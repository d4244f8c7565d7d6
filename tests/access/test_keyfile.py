import json
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.access.keyfile import KeyFile, parse, render
from sidecar.access.models import ADMIN_SCOPES, Key, Tenant
from tests.access.conftest import a_key, an_admin
from tests.factories import NOW

HASH, OLD_HASH = "b" * 64, "a" * 64
FULL = a_key(
    hash=HASH,
    scopes=frozenset({"edge:call", "billing:read"}),
    services=("math",),
    prefixes=("/math",),
    tenant=Tenant(site_id="s1", app_id="a1", user_id="u1"),
    expires_at=NOW + timedelta(days=1),
)
SECONDS = int(NOW.timestamp())


def _read(*keys: Key) -> dict[str, dict[str, object]]:
    document = json.loads(render(keys, NOW).text)
    assert document["version"] == 1
    found: dict[str, dict[str, object]] = document["keys"]
    return found


def test_a_key_is_written_as_the_edge_reads_it() -> None:
    assert _read(FULL) == {
        HASH: {
            "id": "alice0000001",
            "consumer": "alice",
            "scopes": ["billing:read", "edge:call"],
            "services": ["math"],
            "prefixes": ["/math"],
            "expires": SECONDS + 86400,
            "site": "s1",
            "app": "a1",
            "user": "u1",
        }
    }


def test_what_is_not_set_is_not_there() -> None:
    entry = {"id": "admin0000001", "consumer": "admin", "scopes": ["admin"]}

    assert _read(an_admin(hash=HASH)) == {HASH: entry}


@pytest.mark.parametrize(
    ("expires", "overlap", "shown"),
    [(None, 60, 60), (90, 60, 60), (30, 60, 30)],
)
def test_during_an_overlap_both_secrets_open_the_old_one_until_it_ends(
    expires: int | None, overlap: int, shown: int
) -> None:
    ends = None if expires is None else NOW + timedelta(seconds=expires)
    key = a_key(
        hash=HASH,
        expires_at=ends,
        previous_hash=OLD_HASH,
        overlap_ends_at=NOW + timedelta(seconds=overlap),
    )

    found = _read(key)

    assert {hashed: entry.get("expires") for hashed, entry in found.items()} == {
        HASH: None if expires is None else SECONDS + expires,
        OLD_HASH: SECONDS + shown,
    }
    assert found[HASH]["id"] == found[OLD_HASH]["id"]


def test_what_has_ended_is_not_in_the_file() -> None:
    ended = [
        a_key(revoked_at=NOW),
        a_key(expires_at=NOW),
        a_key(hash=HASH, previous_hash=OLD_HASH, overlap_ends_at=NOW),
    ]

    assert list(_read(*ended)) == [HASH]


def test_no_keys_at_all_are_an_empty_table() -> None:
    assert _read() == {}


def test_the_order_of_keys_makes_no_difference() -> None:
    keys = [a_key(f"key{number:06}") for number in range(300)]

    assert render(keys, NOW) == render(reversed(keys), NOW)
    hashes = list(_read(*keys))
    assert hashes == sorted(hashes)


def test_the_file_is_written_again_at_the_next_end() -> None:
    first, last = (NOW + timedelta(seconds=seconds) for seconds in (10, 20))
    keys = [a_key(expires_at=last), a_key(previous_hash=HASH, overlap_ends_at=first)]

    assert render(keys, NOW).changes_at == first
    assert render(keys, first).changes_at == last
    assert render(keys, last).changes_at is None


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20))
def test_whatever_a_tenant_is_called_the_file_is_json(name: str) -> None:
    assert _read(a_key(hash=HASH, tenant=Tenant(user_id=name)))[HASH]["user"] == name


def test_what_was_written_is_read_back() -> None:
    rotated = an_admin(
        scopes=frozenset(map(str, ADMIN_SCOPES)),
        previous_hash=OLD_HASH,
        overlap_ends_at=NOW + timedelta(seconds=60),
    )
    keys = [FULL, rotated]

    found = {key.id: key for key in parse(render(keys, NOW).text)}

    assert {key_id: key.secrets(NOW) for key_id, key in found.items()} == {
        key.id: key.secrets(NOW) for key in keys
    }
    assert found[FULL.id].scopes == FULL.scopes
    assert (found[FULL.id].services, found[FULL.id].prefixes) == (("math",), ("/math",))
    assert found[FULL.id].tenant == FULL.tenant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"version":2,"keys":{}}',
        '{"version":1,"keys":[]}',
        '{"version":1,"keys":{"a":{}}}',
        '{"version":1,"keys":{"a":1}}',
        '{"version":1,"keys":{"a":{"id":"a","consumer":"a","scopes":[],"expires":1e99}}}',
        '{"version":1,"keys":{"a":{"id":"a","consumer":"\\"","scopes":[]}}}',
    ],
)
def test_another_file_is_no_key_file(text: str, tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_text(text)

    assert KeyFile(tmp_path / "keys.json", tmp_path).read() is None


def test_the_file_appears_whole_and_only_when_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "edge" / "keys.json"
    file = KeyFile(path, tmp_path / "staging")
    file.write([FULL], NOW)
    first = path.stat()

    file.write([FULL], NOW + timedelta(seconds=1))
    same = path.stat()
    file.write([], NOW)

    assert (first.st_ino, first.st_mtime_ns) == (same.st_ino, same.st_mtime_ns)
    assert path.stat().st_ino != first.st_ino
    assert first.st_mode & 0o777 == 0o640
    assert path.read_text() == render([], NOW).text
    assert [file.name for file in path.parent.iterdir()] == ["keys.json"]


def test_a_file_that_somebody_removed_is_written_again(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    file = KeyFile(path, tmp_path / "staging")
    file.write([FULL], NOW)
    path.unlink()

    file.write([FULL], NOW)

    assert path.read_text() == render([FULL], NOW).text


def test_a_restart_leaves_the_same_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    KeyFile(path, tmp_path / "staging").write([FULL], NOW)
    before = path.stat().st_ino

    KeyFile(path, tmp_path / "staging").write([FULL], NOW)

    assert path.stat().st_ino == before


@pytest.mark.parametrize("copied", [True, False])
def test_a_file_that_somebody_replaced_is_written_again(copied: bool, tmp_path: Path) -> None:  # noqa: FBT001
    path = tmp_path / "keys.json"
    file = KeyFile(path, tmp_path / "staging")
    file.write([FULL], NOW)
    if copied:
        (tmp_path / "older").write_text(render([], NOW).text)
        (tmp_path / "older").replace(path)
    else:
        path.write_text('{"version":1,"keys":{}}')
    is_noticed = not file.is_as_left()

    file.write([FULL], NOW)

    assert (is_noticed, file.is_as_left()) == (True, True)
    assert path.read_text() == render([FULL], NOW).text


def test_a_file_with_the_same_in_it_is_as_good(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    file = KeyFile(path, tmp_path / "staging")
    file.write([FULL], NOW)
    (tmp_path / "other").write_text(path.read_text())
    (tmp_path / "other").replace(path)
    before = path.stat().st_ino

    file.write([FULL], NOW)

    assert path.stat().st_ino == before
    assert file.is_as_left()


def test_whether_a_file_can_be_written_is_tried_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "edge" / "keys.json"
    file = KeyFile(path, tmp_path / "staging")
    file.write([FULL], NOW)

    file.check()
    left = [each.name for each in path.parent.iterdir()]
    path.unlink()
    path.mkdir()

    assert left == ["keys.json"]
    with pytest.raises(OSError, match="Is a directory"):
        file.check()
