import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sidecar.access.errors import (
    KeyFileUnwritableError,
    KeysNotReadError,
    SecretFileError,
    UnauthorizedError,
)
from sidecar.access.models import ADMIN_SCOPES, JOIN_SCOPES, make_token, token_id
from sidecar.access.terms import NewKey, Rotation
from sidecar.kit.errors import UnavailableError
from tests.access.conftest import Access, a_key
from tests.factories import ADMIN, NOW
from tests.fakes.access import MemoryKeyStore
from tests.fakes.clock import FakeClock


def _in_file(access: Access) -> list[str]:
    entries = json.loads(access.key_file.read_text())["keys"].values()
    return sorted(entry["id"] for entry in entries)


def _ids(*tokens: str) -> list[str]:
    return sorted(token_id(token) or "" for token in tokens)


def _restarted(access: Access) -> Access:
    return Access(access.folder, access.store, access.clock)


def _break(access: Access) -> None:
    """Let nothing be written where the edge looks."""
    access.key_file.rename(access.folder / "aside")
    access.key_file.parent.rmdir()
    access.key_file.parent.write_text("no folder")


def _mend(access: Access) -> None:
    access.key_file.parent.unlink()
    access.key_file.parent.mkdir()
    (access.folder / "aside").rename(access.key_file)


async def _make(access: Access, **fields: object) -> str:
    wanted = NewKey.model_validate({"name": "alice", "scopes": ["edge:call"], **fields})
    return (await access.keys.create(wanted, ADMIN)).token


async def test_the_first_start_makes_two_keys_that_are_kept(access: Access) -> None:
    admin, join = access.token("admin"), access.token("join")

    callers = [access.keyring.identify(token) for token in (admin, join)]

    assert [caller.scopes for caller in callers] == [ADMIN_SCOPES, JOIN_SCOPES]
    assert [key.id for key in (await access.store.changes(0)).keys] == [
        caller.key_id for caller in sorted(callers, key=lambda caller: caller.key_id)
    ]
    assert _in_file(access) == _ids(admin, join)
    assert (access.folder / "join" / "join.key").read_text().strip() == join


async def test_a_restart_makes_no_others(access: Access) -> None:
    tokens = access.token("admin"), access.token("join")
    restarted = _restarted(access)

    await restarted.tick()

    assert (restarted.token("admin"), restarted.token("join")) == tokens
    assert restarted.keyring.revision == access.keyring.revision == 1


async def test_a_revoked_key_in_a_file_stays_revoked(
    access: Access, caplog: pytest.LogCaptureFixture
) -> None:
    join = access.token("join")
    await access.keys.revoke(_ids(join)[0], ADMIN)
    restarted = _restarted(access)

    await restarted.tick()

    with pytest.raises(UnauthorizedError, match="was revoked"):
        restarted.keyring.identify(join)
    assert "join.key was revoked; delete the file" in caplog.text


async def test_who_deletes_a_file_ends_the_key_that_was_in_it(access: Access) -> None:
    old = access.token("join")
    (access.folder / "secrets" / "join.key").unlink()
    restarted = _restarted(access)

    await restarted.tick()

    new = restarted.token("join")
    assert restarted.keyring.identify(new).key_id != _ids(old)[0]
    with pytest.raises(UnauthorizedError, match="was revoked"):
        restarted.keyring.identify(old)
    assert (access.folder / "join" / "join.key").read_text().strip() == new


async def test_another_sidecars_keys_are_left_alone(access: Access, second: Access) -> None:
    restarted = _restarted(access)
    await restarted.tick()

    tokens = [each.token(name) for each in (access, second) for name in ("admin", "join")]
    callers = [restarted.keyring.identify(token).key_id for token in tokens]
    assert callers == [token_id(token) for token in tokens]


async def test_somebodys_own_words_are_a_key_named_after_its_file(access: Access) -> None:
    file = access.folder / "secrets" / "join.key"
    file.write_text("open sesame")
    first = _restarted(access)
    await first.tick()
    file.write_text("open barley")
    second = _restarted(access)

    await second.tick()

    assert first.keyring.identify("open sesame").key_id == "join"
    assert second.keyring.identify("open barley").key_id == "join"
    with pytest.raises(UnauthorizedError):
        second.keyring.identify("open sesame")


async def test_a_change_is_in_the_edges_file_at_the_next_look(access: Access) -> None:
    token = await _make(access)
    await access.upkeep.write()
    made = _in_file(access)

    await access.keys.revoke(_ids(token)[0], ADMIN)
    await access.upkeep.write()

    both = access.token("admin"), access.token("join")
    assert made == _ids(token, *both)
    assert _in_file(access) == _ids(*both)


async def test_what_another_sidecar_changes_is_in_the_edges_file_too(
    access: Access, second: Access
) -> None:
    token = await _make(second)

    await access.tick()

    assert _ids(token)[0] in _in_file(access)


async def test_a_key_leaves_the_file_when_it_expires(access: Access) -> None:
    token = await _make(access, expires_in_seconds=60)
    await access.upkeep.write()
    access.clock.advance(59)
    await access.upkeep.write()
    before = _in_file(access)
    access.clock.advance(1)

    await access.upkeep.write()

    assert _ids(token)[0] in before
    assert _ids(token)[0] not in _in_file(access)


async def test_an_old_secret_leaves_the_file_when_the_overlap_ends(access: Access) -> None:
    key_id = _ids(await _make(access))[0]
    await access.keys.rotate(key_id, Rotation(overlap_seconds=60), ADMIN)
    await access.upkeep.write()
    during = _in_file(access).count(key_id)
    access.clock.advance(60)

    await access.upkeep.write()

    assert (during, _in_file(access).count(key_id)) == (2, 1)


async def test_a_file_that_can_not_be_written_is_said_and_tried_again(access: Access) -> None:
    _break(access)

    done = await access.upkeep.write()
    fault = access.upkeep.fault
    _mend(access)
    again = await access.upkeep.write()

    assert (done, again, access.upkeep.fault) == (False, True, None)
    assert fault is not None
    assert "key file can not be written" in fault
    assert _in_file(access) == _ids(access.token("admin"), access.token("join"))


async def test_without_a_database_the_first_start_works_with_the_keys_in_files(
    starting: Access,
) -> None:
    starting.store.is_away = True

    await starting.tick()

    tokens = starting.token("admin"), starting.token("join")
    assert [starting.keyring.identify(token).key_id for token in tokens] == [
        token_id(token) for token in tokens
    ]
    assert _in_file(starting) == _ids(*tokens)
    with pytest.raises(KeysNotReadError):
        starting.keyring.identify(make_token())
    with pytest.raises(UnavailableError):
        await _make(starting)


async def test_without_a_database_a_restart_knows_what_the_edge_knows(access: Access) -> None:
    token = await _make(access, services=["math"])
    await access.keys.revoke(_ids(access.token("join"))[0], ADMIN)
    await access.upkeep.write()
    before = access.key_file.read_bytes()
    access.store.is_away = True
    restarted = _restarted(access)

    await restarted.tick()

    assert restarted.keyring.identify(token).services == ("math",)
    assert restarted.keyring.identify(access.token("admin")).is_admin
    with pytest.raises(KeysNotReadError):
        restarted.keyring.identify(access.token("join"))
    assert access.key_file.read_bytes() == before


async def test_a_key_that_is_new_in_its_file_works_without_a_database(access: Access) -> None:
    (access.folder / "secrets" / "admin.key").unlink()
    access.store.is_away = True
    restarted = _restarted(access)

    await restarted.tick()

    assert restarted.keyring.identify(restarted.token("admin")).is_admin


async def test_a_database_that_comes_back_has_the_last_word(access: Access) -> None:
    token = await _make(access)
    await access.upkeep.write()
    async with access.keyring.writing:
        await access.store.commit(
            [replace(access.keyring.get(_ids(token)[0]), revoked_at=NOW)],
            expected=access.keyring.revision,
        )
    access.store.is_away = True
    restarted = _restarted(access)
    await restarted.tick()
    access.store.is_away = False
    restarted.keyring.identify(token)

    await restarted.tick()

    with pytest.raises(UnauthorizedError, match="was revoked"):
        restarted.keyring.identify(token)
    assert _ids(token)[0] not in _in_file(restarted)


async def test_a_rotated_key_of_a_file_lies_there_and_in_the_copy(access: Access) -> None:
    old = access.token("join")

    issued = await access.keys.rotate(_ids(old)[0], Rotation(), ADMIN)

    assert access.token("join") == issued.token != old
    assert (access.folder / "join" / "join.key").read_text().strip() == issued.token
    assert (access.folder / "secrets" / "join.key").stat().st_mode & 0o777 == 0o600
    assert token_id(issued.token) == token_id(old)
    restarted = _restarted(access)
    await restarted.tick()
    assert restarted.keyring.identify(old) == restarted.keyring.identify(issued.token)


async def test_a_rotation_that_the_database_did_not_take_leaves_the_file(access: Access) -> None:
    old = access.token("admin")
    access.store.is_away = True

    with pytest.raises(UnavailableError):
        await access.keys.rotate(_ids(old)[0], Rotation(overlap_seconds=0), ADMIN)
    during = access.token("admin")
    access.store.is_away = False
    await access.tick()

    assert during == old == access.token("admin")
    assert not list((access.folder / "secrets").glob("*.next"))
    assert access.keyring.identify(old).is_admin


async def test_a_rotation_whose_answer_was_lost_is_finished_afterwards(access: Access) -> None:
    old = access.token("admin")
    committed = access.store.commit

    class Cut(MemoryKeyStore):
        """Takes the commit, and the connection breaks before it says so."""

        async def commit(self, *given: object, **named: object) -> int | None:
            await committed(*given, **named)  # type: ignore[arg-type]
            raise UnavailableError("The connection broke.")

    access.keyring.store = Cut()
    with pytest.raises(UnavailableError):
        await access.keys.rotate(_ids(old)[0], Rotation(overlap_seconds=0), ADMIN)
    access.keyring.store = access.store

    await access.tick()

    assert access.token("admin") != old
    assert access.keyring.identify(access.token("admin")).is_admin
    with pytest.raises(UnauthorizedError):
        access.keyring.identify(old)


async def test_a_file_that_can_not_be_written_keeps_its_key(access: Access) -> None:
    old = access.token("join")
    # A folder stands where the new secret would be put aside.
    (access.folder / "secrets" / ".join.key.next.new").mkdir()

    with pytest.raises(SecretFileError, match=r"join\.key can not be written"):
        await access.keys.rotate(_ids(old)[0], Rotation(overlap_seconds=0), ADMIN)

    assert access.keyring.identify(old).key_id == token_id(old)


async def test_the_tables_are_made_before_they_are_read(
    tmp_path: Path, store: MemoryKeyStore, clock: FakeClock
) -> None:
    access = Access(tmp_path, store, clock)
    prepared: list[int] = []

    async def prepare() -> None:
        prepared.append(len(store.calls))
        if len(prepared) == 1:
            raise UnavailableError("Not yet.")

    access.upkeep.prepare = prepare
    for _ in range(3):
        await access.upkeep.step()

    assert prepared == [0, 0]
    assert access.keyring.is_loaded


async def test_many_keys_of_a_day_are_no_more_than_one_file(access: Access) -> None:
    keys = [a_key(f"key{number:06}", expires_at=NOW + timedelta(1)) for number in range(100)]
    async with access.keyring.writing:
        await access.keyring.commit(keys)

    await access.upkeep.write()

    assert len(_in_file(access)) == 102


async def test_a_change_is_in_the_edges_file_when_it_is_answered(access: Access) -> None:
    both = access.token("admin"), access.token("join")
    token = await _make(access)
    made = _in_file(access)

    await access.keys.revoke(_ids(token)[0], ADMIN)

    assert (made, _in_file(access)) == (_ids(token, *both), _ids(*both))


async def test_a_revocation_is_kept_where_the_edges_file_can_not_be_written(
    access: Access,
) -> None:
    token = await _make(access)
    _break(access)

    with pytest.raises(KeyFileUnwritableError, match=r"kept in the database.*: File exists"):
        await access.keys.revoke(_ids(token)[0], ADMIN)
    with pytest.raises(UnauthorizedError, match="was revoked"):
        access.keyring.identify(token)
    with pytest.raises(KeyFileUnwritableError):
        await access.keys.revoke(_ids(token)[0], ADMIN)
    _mend(access)
    before = _in_file(access)
    await access.upkeep.write()

    assert _ids(token)[0] in before
    assert _ids(token)[0] not in _in_file(access)


async def test_no_secret_is_made_where_the_edges_file_can_not_be_written(access: Access) -> None:
    token = await _make(access)
    revision = access.keyring.revision
    _break(access)

    with pytest.raises(KeyFileUnwritableError, match="Nothing was changed"):
        await _make(access)
    with pytest.raises(KeyFileUnwritableError, match="Nothing was changed"):
        await access.keys.rotate(_ids(token)[0], Rotation(), ADMIN)

    assert access.keyring.revision == revision
    assert access.keyring.identify(token).key_id == _ids(token)[0]


@pytest.mark.parametrize("text", ['{"version":1,"keys":{}}', "", "garbage"])
async def test_a_file_that_somebody_overwrote_is_right_at_the_next_look(
    access: Access, text: str
) -> None:
    before = access.key_file.read_text()
    access.key_file.write_text(text)

    await access.upkeep.write()

    assert access.key_file.read_text() == before


async def test_a_bug_in_reading_leaves_what_the_edge_knows(access: Access) -> None:
    token = await _make(access)
    restarted = _restarted(access)

    async def broken() -> None:
        raise RuntimeError("a bug")

    restarted.upkeep.prepare = broken
    with pytest.raises(RuntimeError):
        await restarted.upkeep.step()

    assert restarted.keyring.identify(token).key_id == _ids(token)[0]


async def test_who_waits_too_long_for_the_database_does_without(access: Access) -> None:
    token = await _make(access)
    restarted = _restarted(access)

    await restarted.upkeep.await_keys(0.01)

    assert restarted.upkeep.tried.is_set()
    assert restarted.keyring.identify(token).key_id == _ids(token)[0]
    await restarted.tick()
    assert restarted.keyring.is_loaded


async def test_a_new_database_takes_no_key_from_the_edge(
    access: Access, caplog: pytest.LogCaptureFixture
) -> None:
    both = access.token("admin"), access.token("join")
    old = await _make(access)
    lost = _restarted(access)
    access.store.lose()
    await lost.tick()
    fault, said = lost.upkeep.fault, caplog.text
    new = await _make(lost)
    again = _restarted(lost)

    await again.tick()

    assert fault is not None
    assert "1 keys of the edge are not in it: restore the database, or delete" in fault
    assert "The database lacks 1 keys that the edge has" in said
    assert again.upkeep.fault == fault
    assert _in_file(again) == _ids(old, new, *both)
    with pytest.raises(UnauthorizedError, match="does not know"):
        again.keyring.identify(old)


async def test_who_deletes_the_file_lets_keys_go_that_the_database_lacks(access: Access) -> None:
    await _make(access)
    access.store.lose()
    lost = _restarted(access)
    await lost.tick()
    access.key_file.unlink()

    await lost.upkeep.write()

    assert lost.upkeep.fault is None
    assert _in_file(lost) == _ids(access.token("admin"), access.token("join"))


async def test_a_database_that_is_restored_has_the_last_word(access: Access) -> None:
    kept = await access.store.changes(0)
    token = await _make(access)
    whole = await access.store.changes(0)
    access.store.lose()
    await access.store.commit(kept.keys, expected=0)
    await access.tick()
    fault = access.upkeep.fault
    gone = [replace(key, revoked_at=key.revoked_at or NOW) for key in whole.keys
            if key.id == _ids(token)[0]]  # fmt: skip

    await access.store.commit(gone, expected=1)
    await access.tick()

    assert fault is not None
    assert access.upkeep.fault is None
    assert _ids(token)[0] not in _in_file(access)
