"""Every service's part of the configuration, rendered again only when it has changed."""

from collections.abc import Callable, Mapping

from sidecar.edge.render import Fragment, Ways, render
from sidecar.registry.models import Service
from sidecar.registry.policies.rules import standing_in

Entry = tuple[Service, frozenset[str], frozenset[str], Fragment]


class FragmentCache:
    """Renders what is registered; an unchanged service is the same object and is not rendered."""

    def __init__(
        self,
        services: Callable[[], Mapping[str, Service]],
        failing: Callable[[Service], frozenset[str]],
        ways: Ways,
    ) -> None:
        self._services = services
        self._failing = failing
        self._ways = ways
        self._entries: dict[str, Entry] = {}

    def __call__(self) -> dict[str, Fragment]:
        services = self._services()
        self._entries = {
            name: self._entry(service, self._failing(service), standing_in(service, services))
            for name, service in services.items()
        }
        return {name: entry[-1] for name, entry in self._entries.items()}

    def _entry(self, service: Service, failing: frozenset[str], backups: frozenset[str]) -> Entry:
        known = self._entries.get(service.name)
        if known and known[0] is service and known[1:3] == (failing, backups):
            return known
        return service, failing, backups, render(service, failing, backups, self._ways)
