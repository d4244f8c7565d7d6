from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sidecar.access.errors import KeyNotFoundError, KeysNotReadError, UnauthorizedError
from sidecar.access.keyring import Keyring
from sidecar.access.models import make_token
from sidecar.access.store import Changes
from sidecar.kit.errors import UnavailableError
from tests.access.conftest import Access, a_key
from tests.factories import NOW
from tests.fakes.access import MemoryKeyStore

TOKEN = make_token()


async def _add(access: Access, **fields: Any) -> None:
    async with access.keyring.writing:
        assert await access.keyring.commit([a_key(token=TOKEN, **fields)])


async def test_what_one_sidecar_changes_the_others_follow(access: Access, second: Access) -> None:
    await _add(access)
    with pytest.raises(UnauthorizedError):
        second.keyring.identify(TOKEN)

    await second.upkeep.step()

    assert second.keyring.identify(TOKEN).key_id == a_key().id


async def test_a_commit_that_came_second_is_judged_by_the_first(
    access: Access, second: Access
) -> None:
    await _add(second)
    async with access.keyring.writing:
        taken = await access.keyring.commit([a_key(token=TOKEN, revoked_at=NOW)])

    assert not taken
    assert access.keyring.get(a_key().id).revoked_at is None


async def test_a_check_never_waits_for_the_store(access: Access) -> None:
    await _add(access)
    access.store.is_away = True
    access.store.calls.clear()

    assert access.keyring.identify(TOKEN).key_id == a_key().id
    with pytest.raises(UnauthorizedError):
        access.keyring.identify(make_token())

    assert access.store.calls == []


async def test_a_store_that_is_away_changes_nothing_here(access: Access) -> None:
    await _add(access)
    access.store.is_away = True

    with pytest.raises(UnavailableError):
        await _add(access, revoked_at=NOW)

    assert access.keyring.get(a_key().id).revoked_at is None


async def test_a_backup_that_is_put_back_counts_whole(access: Access) -> None:
    await _add(access)
    access.store.lose()

    await access.upkeep.step()

    with pytest.raises(KeyNotFoundError):
        access.keyring.get(a_key().id)
    with pytest.raises(UnauthorizedError):
        access.keyring.identify(TOKEN)


async def test_before_the_first_reading_nobody_is_called_unknown(starting: Access) -> None:
    with pytest.raises(KeysNotReadError):
        starting.keyring.identify(TOKEN)
    with pytest.raises(KeysNotReadError):
        starting.keyring.get("anybody")


async def test_a_secret_that_was_replaced_opens_no_more(access: Access) -> None:
    await _add(access)
    async with access.keyring.writing:
        await access.keyring.commit([a_key()])

    with pytest.raises(UnauthorizedError, match="does not know"):
        access.keyring.identify(TOKEN)


async def test_only_keys_that_live_hold_something(starting: Access) -> None:
    before = starting.keyring.is_live("nobodys")
    await starting.tick()
    ending = a_key("ending", expires_at=NOW + timedelta(seconds=1))
    keys = [a_key("lives"), ending, a_key("revoked", revoked_at=NOW)]
    async with starting.keyring.writing:
        await starting.keyring.commit(keys)
    while_it_lives = starting.keyring.is_live("ending")
    starting.clock.advance(1)

    live = [key_id for key_id in ("lives", "ending", "revoked", "nobodys")
            if starting.keyring.is_live(key_id)]  # fmt: skip

    assert (before, while_it_lives, live) == (True, True, ["lives"])


async def test_uses_are_written_in_batches_and_seen_by_others(
    access: Access, second: Access
) -> None:
    await _add(access)
    await second.upkeep.step()
    access.store.calls.clear()
    for _ in range(3):
        access.clock.advance(1)
        access.keyring.identify(TOKEN)
    assert access.store.calls == []

    await access.upkeep.keep_uses()
    await second.upkeep.keep_uses()

    used = NOW + timedelta(seconds=3)
    assert access.store.calls.count("note_uses") == 2
    assert [each.keyring.last_used_at(a_key().id) for each in (access, second)] == [used, used]


async def test_uses_are_kept_until_the_database_is_back(access: Access) -> None:
    await _add(access)
    access.keyring.identify(TOKEN)
    access.store.is_away = True
    await access.upkeep.keep_uses()
    access.store.is_away = False

    await access.upkeep.keep_uses()

    assert await access.store.uses(NOW - timedelta(1)) == {a_key().id: NOW}


async def test_the_edges_uses_count_and_unknown_ones_do_not(access: Access) -> None:
    await _add(access)
    access.edge.ids = [a_key().id, "nobodys"]

    await access.upkeep.keep_uses()

    assert await access.store.uses(NOW - timedelta(1)) == {a_key().id: NOW}


async def test_a_restarted_sidecar_knows_when_keys_were_used(access: Access) -> None:
    await _add(access)
    access.keyring.identify(TOKEN)
    await access.upkeep.keep_uses()
    restarted = Keyring(access.store, access.clock, lambda: None)

    await restarted.refresh()

    assert restarted.last_used_at(a_key().id) == NOW


class Damaged(MemoryKeyStore):
    """A store with a row that is no key."""

    async def changes(self, since: int) -> Changes:
        found = await super().changes(since)
        left = [key for key in found.keys if key.id != a_key().id]
        return replace(found, keys=left, unreadable={a_key().id: "tenant: is none"})


async def test_a_key_that_can_not_be_read_is_left_out_and_said_once(
    access: Access, caplog: pytest.LogCaptureFixture
) -> None:
    await _add(access)
    damaged = Damaged()
    async with access.keyring.writing:
        await damaged.commit([a_key("other0000001"), a_key(token=TOKEN)], expected=0)
    keyring = Keyring(damaged, access.clock, lambda: None)

    for _ in range(3):
        await keyring.refresh()

    assert list(keyring.keys) == ["other0000001"]
    assert caplog.text.count("alice0000001 can not be read and is left out: tenant") == 1


async def test_a_key_that_can_not_be_read_any_more_opens_no_more(access: Access) -> None:
    await _add(access)
    access.keyring.identify(TOKEN)
    damaged = Damaged()
    access.keyring.store = damaged
    await damaged.commit([a_key(token=TOKEN)], expected=0)
    await damaged.commit([a_key(token=TOKEN)], expected=1)

    await access.keyring.refresh()

    with pytest.raises(UnauthorizedError, match="does not know"):
        access.keyring.identify(TOKEN)
    # It exists, and may hold something.
    assert access.keyring.is_live(a_key().id)


async def test_a_key_that_is_not_known_is_nobodys_once_it_was_looked_for(access: Access) -> None:
    before = access.keyring.is_live("nobodys")

    await access.keyring.refresh()

    assert (before, access.keyring.is_live("nobodys")) == (True, False)
