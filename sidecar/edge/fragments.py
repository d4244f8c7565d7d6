"""Every service's part of the configuration, rendered again only when it has changed."""

from collections.abc import Callable, Mapping

from sidecar.edge.render import Fragment, render
from sidecar.registry.models import Service

Entry = tuple[Service, frozenset[str], Fragment]


class FragmentCache:
    """Renders what is registered; an unchanged service is the same object and is not rendered."""

    def __init__(
        self,
        services: Callable[[], Mapping[str, Service]],
        failing: Callable[[Service], frozenset[str]],
    ) -> None:
        self._services = services
        self._failing = failing
        self._entries: dict[str, Entry] = {}

    def __call__(self) -> dict[str, Fragment]:
        self._entries = {
            name: self._entry(service, self._failing(service))
            for name, service in self._services().items()
        }
        return {name: fragment for name, (_, _, fragment) in self._entries.items()}

    def _entry(self, service: Service, failing: frozenset[str]) -> Entry:
        known = self._entries.get(service.name)
        if known and known[0] is service and known[1] == failing:
            return known
        return service, failing, render(service, failing)
