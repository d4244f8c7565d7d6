"""From what the registry knows to what a caller is shown."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from sidecar.registry.actions import Registry
from sidecar.registry.models import Instance, Service
from sidecar.registry.onboarding import Onboarded
from sidecar.registry.policies.rules import warnings
from sidecar.registry.views import (
    DocumentationView,
    InstanceView,
    LeaseView,
    RegistrationView,
    ServiceView,
)


@dataclass(frozen=True)
class Presenter:
    """Knows the public address, and whom to ask for health and rejections."""

    edge_url: str
    registry: Registry
    healthy: Callable[[str, str], bool | None]
    """Whether an instance of a service answers its probes; null where there are none."""
    rejected: Callable[[str], str | None]
    """Why the edge refuses a service, or null."""
    documentation: Callable[[str], DocumentationView | None]
    """How the description of a service fares, or null before it was looked at."""

    def registration(self, onboarded: Onboarded) -> RegistrationView:
        service = onboarded.registered.service
        publication = onboarded.publication
        return RegistrationView(
            name=service.name,
            instance_id=onboarded.registered.instance_id,
            prefix=service.prefix,
            url=self._url(service),
            docs_url=f"{self.edge_url}/docs?service={service.name}",
            lease=self._lease(service, onboarded.registered.instance_id),
            live=bool(publication and publication.live and service.expose != "none"),
            ready_ms=round(onboarded.ready_ms, 1),
            generation=publication.generation if publication else None,
            warnings=onboarded.warnings,
        )

    def service(self, service: Service) -> ServiceView:
        shown = service.terms.model_dump() | {"policies": service.policies.shown()}
        return ServiceView(
            **shown,
            warnings=warnings(service, self.registry.services),
            url=self._url(service),
            owner=service.owner,
            created_at=service.created_at,
            rejected=self.rejected(service.name),
            documentation=self.documentation(service.name),
            instances=[self._instance(service, item) for item in service.instances.values()],
        )

    def _instance(self, service: Service, instance: Instance) -> InstanceView:
        return InstanceView(
            instance_id=instance.instance_id,
            base_url=instance.base_url,
            weight=instance.weight,
            version=instance.version,
            registered_at=instance.registered_at,
            healthy=self.healthy(service.name, instance.instance_id),
            lease=self._lease(service, instance.instance_id),
        )

    def _lease(self, service: Service, instance_id: str) -> LeaseView:
        base = f"{self.edge_url}/gateway/services/{service.name}/instances/{instance_id}"
        return LeaseView(
            ttl_seconds=service.instances[instance_id].ttl_seconds,
            expires_at=self.registry.expires_at(service, instance_id),
            heartbeat_url=f"{base}/heartbeat",
        )

    def _url(self, service: Service) -> str | None:
        if service.expose == "none":
            return None
        if service.host is None:
            return self.edge_url + service.prefix
        edge = urlsplit(self.edge_url)
        place = f"{service.host}:{edge.port}" if edge.port else service.host
        return f"{edge.scheme}://{place}{service.prefix}"
