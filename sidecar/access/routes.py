"""`/gateway/keys`: make, look at, rotate and revoke keys."""

from typing import Annotated

from litestar import Controller, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter

from sidecar.access.actions import Keys
from sidecar.access.guards import requires
from sidecar.access.models import Caller, Scope
from sidecar.access.terms import NewKey, Rotation
from sidecar.access.views import IssuedKey, KeyList, KeyView

KeyId = Annotated[str, PathParameter(pattern=r"^[a-z0-9]{1,32}$")]
Limit = Annotated[int, QueryParameter(ge=1, le=10_000, description="How many at most.")]
After = Annotated[str | None, QueryParameter(description="The `next` of the answer before.")]

_SHOWN_ONCE = {"Cache-Control": "no-store"}


class KeyController(Controller):
    """Keys for everybody: services, callers, people. All of it takes the scope `admin`."""

    path = "/gateway/keys"
    tags = ("keys",)
    security = ({"key": []},)
    guards = (requires(Scope.ADMIN),)

    @post(summary="Make a key")
    async def create(
        self, data: JSONBody[NewKey], keys: NamedDependency[Keys], caller: NamedDependency[Caller]
    ) -> Response[IssuedKey]:
        """Make a key and show its secret in `token`, this once.

        It works at the gateway at once, and at the edge within 1.5 s. While the edge's key file
        can not be written no key is made: 503.
        """
        issued = await keys.create(data, caller)
        return Response(issued, status_code=201, headers=_SHOWN_ONCE)

    @get(summary="List keys")
    async def list_keys(
        self, keys: NamedDependency[Keys], limit: Limit = 1000, after: After = None
    ) -> KeyList:
        """List keys in the order in which they were made, ended ones too; never a secret.

        Where there are more than `limit`, `next` is what to send as `after`.
        """
        return keys.listed(after=after, limit=limit)

    @get("/{key_id:str}", summary="Show a key")
    async def show(self, key_id: KeyId, keys: NamedDependency[Keys]) -> KeyView:
        """Show one key. `last_used_at` lags behind by up to a minute."""
        return keys.show(key_id)

    @delete("/{key_id:str}", summary="Revoke a key")
    async def revoke(
        self, key_id: KeyId, keys: NamedDependency[Keys], caller: NamedDependency[Caller]
    ) -> None:
        """End a key for good: at the gateway at once, at the edge within 1.5 s.

        The names of the services that it owns are free from then on. The last key with the scope
        `admin` stays: 409. While the edge's key file can not be written the answer is 503: the key
        has ended at the gateway, which is kept, and ends at the edge as soon as the file can be
        written.
        """
        await keys.revoke(key_id, caller)

    @post("/{key_id:str}/rotate", status_code=200, summary="Give a key a new secret")
    async def rotate(
        self,
        key_id: KeyId,
        keys: NamedDependency[Keys],
        caller: NamedDependency[Caller],
        data: JSONBody[Rotation | None] = None,
    ) -> Response[IssuedKey]:
        """Answer the key with a new secret in `token`; the old one works until the overlap ends.

        The key keeps its id, and with it the services that it owns. Rotating it again ends the
        overlap of the rotation before. While the edge's key file can not be written nothing is
        rotated: 503.
        """
        issued = await keys.rotate(key_id, data or Rotation(), caller)
        return Response(issued, status_code=200, headers=_SHOWN_ONCE)
