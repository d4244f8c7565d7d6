import pytest

from sidecar.access.owners import KeyOwners
from sidecar.kit.errors import UnavailableError
from tests.access.conftest import Access, a_key
from tests.factories import NOW
from tests.fakes.access import MemoryOwnerStore


@pytest.fixture
def names() -> MemoryOwnerStore:
    return MemoryOwnerStore()


@pytest.fixture
async def owners(access: Access, names: MemoryOwnerStore) -> KeyOwners:
    async with access.keyring.writing:
        await access.keyring.commit([a_key("first"), a_key("second")])
    return KeyOwners(names, access.keyring, access.clock)


async def _revoke(access: Access, key_id: str) -> None:
    async with access.keyring.writing:
        await access.keyring.commit([a_key(key_id, revoked_at=NOW)])


async def test_a_name_is_its_first_claimants(owners: KeyOwners) -> None:
    said = [await owners.claim("math", key_id) for key_id in ("first", "second", "first")]

    assert said == ["first"] * 3
    assert await owners.find("math") == "first"


async def test_a_name_that_is_known_is_only_read(
    owners: KeyOwners, names: MemoryOwnerStore
) -> None:
    await owners.claim("math", "first")
    names.calls.clear()

    await owners.claim("math", "first")

    assert names.calls == ["find"]


async def test_who_was_overtaken_hears_of_it(owners: KeyOwners, names: MemoryOwnerStore) -> None:
    names.before["claim"] = lambda: names.claim("math", "second", NOW)

    assert await owners.claim("math", "first") == "second"


async def test_a_revoked_keys_names_are_free(access: Access, owners: KeyOwners) -> None:
    await owners.claim("math", "first")
    await _revoke(access, "first")

    found = await owners.find("math")

    assert found is None
    assert await owners.claim("math", "second") == "second"


async def test_of_two_heirs_one_gets_the_name(
    access: Access, owners: KeyOwners, names: MemoryOwnerStore
) -> None:
    async with access.keyring.writing:
        await access.keyring.commit([a_key("third")])
    await owners.claim("math", "first")
    await _revoke(access, "first")
    names.before["hand_over"] = lambda: names.hand_over("math", old="first", new="third", now=NOW)

    assert await owners.claim("math", "second") == "third"


async def test_what_was_registered_before_is_adopted_and_nothing_else_changes(
    owners: KeyOwners, names: MemoryOwnerStore
) -> None:
    await owners.claim("math", "first")

    await owners.adopt({"math": "second", "old": "second"})

    assert names.held == {"math": "first", "old": "second"}


async def test_without_a_database_it_is_not_guessed(
    owners: KeyOwners, names: MemoryOwnerStore
) -> None:
    names.is_away = True

    with pytest.raises(UnavailableError):
        await owners.claim("math", "first")


async def test_a_key_that_another_sidecar_just_made_keeps_what_it_claimed(
    access: Access, second: Access, names: MemoryOwnerStore
) -> None:
    async with access.keyring.writing:
        await access.keyring.commit([a_key("new"), a_key("other")])
    await KeyOwners(names, access.keyring, access.clock).claim("math", "new")
    owners = KeyOwners(names, second.keyring, second.clock)

    found = await owners.find("math")
    claimed = await owners.claim("math", "other")

    assert (found, claimed, names.held) == ("new", "new", {"math": "new"})


async def test_a_name_of_a_key_that_is_nowhere_is_free(
    owners: KeyOwners, names: MemoryOwnerStore
) -> None:
    names.held["math"] = "nobodys"

    assert await owners.claim("math", "first") == "first"


async def test_a_name_is_not_handed_over_while_its_key_can_not_be_looked_up(
    access: Access, owners: KeyOwners, names: MemoryOwnerStore
) -> None:
    names.held["math"] = "unknown"
    access.store.is_away = True

    with pytest.raises(UnavailableError):
        await owners.claim("math", "first")

    assert names.held == {"math": "unknown"}
