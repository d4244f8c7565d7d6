"""`/gateway/register` and `/gateway/services`: register, renew, look, leave."""

from typing import Annotated

from litestar import Controller, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter

from sidecar.access.guards import requires
from sidecar.access.models import Caller, Scope
from sidecar.registry.actions import Registry
from sidecar.registry.models import INSTANCE_PATTERN, NAME_PATTERN, Registration
from sidecar.registry.onboarding import Onboarding
from sidecar.registry.presenter import Presenter
from sidecar.registry.views import RegistrationView, ServiceList, ServiceView

ServiceName = Annotated[str, PathParameter(pattern=NAME_PATTERN)]
InstanceName = Annotated[str, PathParameter(pattern=INSTANCE_PATTERN)]
Wait = Annotated[bool, QueryParameter(description="false answers before the edge has it.")]

_READERS = requires(Scope.SERVICES_READ, Scope.SERVICES_REGISTER)
_WRITERS = requires(Scope.SERVICES_REGISTER)


class RegistryController(Controller):
    """Services come, stay while their heartbeats do, and go."""

    path = "/gateway"
    tags = ("services",)
    security = ({"key": []},)

    @post("/register", guards=[_WRITERS], summary="Register a service or renew it")
    async def register(
        self,
        data: JSONBody[Registration],
        onboarding: NamedDependency[Onboarding],
        presenter: NamedDependency[Presenter],
        caller: NamedDependency[Caller],
        wait: Wait = True,  # noqa: FBT002 - a query parameter
    ) -> Response[RegistrationView]:
        """Route a prefix at the edge to one instance, until its lease ends.

        Answers when the edge was seen to route there: 201, or 200 where this renewed something
        unchanged. The same `instance_id` again renews; another one joins as a further server.
        """
        onboarded = await onboarding.register(data, caller, wait=wait)
        renewed = onboarded.registered.outcome == "renewed"
        return Response(presenter.registration(onboarded), status_code=200 if renewed else 201)

    @post(
        "/services/{name:str}/instances/{instance_id:str}/heartbeat",
        guards=[_WRITERS],
        status_code=204,
        summary="Renew a lease",
    )
    async def heartbeat(
        self,
        name: ServiceName,
        instance_id: InstanceName,
        registry: NamedDependency[Registry],
        caller: NamedDependency[Caller],
    ) -> None:
        """Keep an instance for another `ttl_seconds`. 404 means: register again."""
        await registry.heartbeat(name, instance_id, caller)

    @delete(
        "/services/{name:str}/instances/{instance_id:str}",
        guards=[_WRITERS],
        summary="Take one instance out",
    )
    async def deregister_instance(
        self,
        name: ServiceName,
        instance_id: InstanceName,
        registry: NamedDependency[Registry],
        caller: NamedDependency[Caller],
    ) -> None:
        """End one instance's lease; with the last one the service leaves the edge."""
        await registry.deregister(name, caller, instance_id=instance_id)

    @delete("/services/{name:str}", guards=[_WRITERS], summary="Take a service out")
    async def deregister(
        self,
        name: ServiceName,
        registry: NamedDependency[Registry],
        caller: NamedDependency[Caller],
    ) -> None:
        """End the leases of all instances and give the name up. For its owner or an admin.

        A name that is held and not in use, its last lease having ended, is given up as well.
        """
        await registry.remove(name, caller)

    @get("/services", guards=[_READERS], summary="List services")
    async def list_services(
        self,
        registry: NamedDependency[Registry],
        presenter: NamedDependency[Presenter],
        caller: NamedDependency[Caller],
    ) -> ServiceList:
        """List what is registered: everything with `services:read`, otherwise your own."""
        services = registry.visible_to(caller)
        return ServiceList(services=[presenter.service(service) for service in services])

    @get("/services/{name:str}", guards=[_READERS], summary="Show one service")
    async def show(
        self,
        name: ServiceName,
        registry: NamedDependency[Registry],
        presenter: NamedDependency[Presenter],
        caller: NamedDependency[Caller],
    ) -> ServiceView:
        """Show one service with its instances, their health and their leases."""
        return presenter.service(registry.show(name, caller))
