from pathlib import Path

from sidecar.access.models import ADMIN_SCOPES, JOIN_SCOPES, make_token, token_hash, token_id
from sidecar.access.store import FileKeyStore


async def test_both_keys_are_made_and_known_again(tmp_path: Path) -> None:
    FileKeyStore.open(tmp_path)
    admin, join = ((tmp_path / f"{name}.key").read_text().strip() for name in ("admin", "join"))

    store = FileKeyStore.open(tmp_path)
    callers = [await store.find(token_hash(token)) for token in (admin, join)]

    assert [caller and (caller.key_id, caller.scopes) for caller in callers] == [
        (token_id(admin), ADMIN_SCOPES),
        (token_id(join), JOIN_SCOPES),
    ]


async def test_another_key_is_nobodys(tmp_path: Path) -> None:
    store = FileKeyStore.open(tmp_path)

    assert await store.find(token_hash(make_token())) is None
    assert await store.find("") is None


async def test_a_key_of_somebodys_own_making_is_named_after_its_file() -> None:
    store = FileKeyStore([("my own words", ADMIN_SCOPES), ("others", JOIN_SCOPES)])

    callers = [await store.find(token_hash(token)) for token in ("my own words", "others")]

    assert [caller and caller.key_id for caller in callers] == ["admin", "join"]
