"""The composition root: which part is handed which."""

import logging
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

from sidecar.access.actions import Keys
from sidecar.access.client import EdgeKeyUseClient
from sidecar.access.held import HeldKeys
from sidecar.access.keyfile import KeyFile
from sidecar.access.keyring import Keyring
from sidecar.access.owners import KeyOwners
from sidecar.access.secrets import ensure_secret_file
from sidecar.access.store import SqlKeyStore, SqlOwnerStore
from sidecar.access.upkeep import Upkeep
from sidecar.edge.actions import Edge
from sidecar.edge.certificates import DomainCertificates
from sidecar.edge.client import ApiTraefikClient
from sidecar.edge.confirm import Confirmation
from sidecar.edge.fragments import FragmentCache
from sidecar.edge.limits import LimitsAccount
from sidecar.edge.middlewares import SharedLimits
from sidecar.edge.prepare import ensure_certificate, place_handwritten, write_users
from sidecar.edge.render import Ways
from sidecar.edge.store import FileConfigurationStore
from sidecar.gateway import Gateway
from sidecar.kit.clock import SystemClock
from sidecar.kit.database import Database, DatabaseUrl, database_url, sqlite_url
from sidecar.kit.health import Readiness
from sidecar.kit.outbound import AiohttpOutbound
from sidecar.kit.redis import RedisCommands, connect
from sidecar.migrations import FOLDER as MIGRATIONS
from sidecar.openapi.client import HttpDocumentClient
from sidecar.openapi.ingest import Ingest
from sidecar.registry.actions import Registry
from sidecar.registry.client import SocketNetworkClient
from sidecar.registry.ledger import Ledger
from sidecar.registry.onboarding import Onboarding, OwnAddresses
from sidecar.registry.presenter import Presenter
from sidecar.registry.presets import FilePresetStore, PolicyBook
from sidecar.registry.probes import Probes
from sidecar.registry.store import RedisServiceStore
from sidecar.registry.views import DocumentationView
from sidecar.settings import Settings

_log = logging.getLogger("gatehouse")

_API_USER = "sidecar"
# What the gateway is called from inside containers.
_KNOWN_HOSTS = frozenset(
    {"localhost", "sidecar", "traefik", "valkey", "host.docker.internal", "gateway.docker.internal"}
)


@asynccontextmanager
async def build(settings: Settings) -> AsyncIterator[Gateway]:
    """Make every part from the settings, and close what was opened at the end."""
    prepare_files(settings)
    async with AsyncExitStack() as stack:
        outbound = await stack.enter_async_context(AiohttpOutbound())
        redis = connect(_valkey_url(settings))
        stack.push_async_callback(redis.aclose)
        database = Database(_database_url(settings))
        stack.push_async_callback(database.close)
        yield assemble(settings, redis, database, outbound)


def assemble(
    settings: Settings, redis: RedisCommands, database: Database, outbound: AiohttpOutbound
) -> Gateway:
    """Hand every part what it needs."""
    clock = SystemClock()
    changed = Signal()
    ledger = Ledger(RedisServiceStore(redis), clock, changed)
    keys_changed = Signal()
    keyring = Keyring(SqlKeyStore(database), clock, keys_changed)
    held = _held_keys(settings)
    upkeep = Upkeep(
        keyring,
        held,
        KeyFile(settings.edge_path / "keys.json", settings.edge_path / "staging"),
        lambda: database.upgrade(MIGRATIONS),
        EdgeKeyUseClient(outbound, settings.api_url, _API_USER, _api_password(settings)),
        clock,
    )
    keys_changed.listeners.append(upkeep.changed)
    owners = KeyOwners(SqlOwnerStore(database), keyring, clock)
    registry = Registry(ledger, _announce, owners)
    probes = Probes(lambda: registry.services, outbound, clock, changed)
    ways = _ways(settings)
    traefik = ApiTraefikClient(
        outbound, settings.api_url, _API_USER, _api_password(settings), ways.entry_points
    )
    edge = Edge(
        FragmentCache(lambda: registry.services, probes.failing, ways),
        FileConfigurationStore(settings.watched_path, settings.edge_path / "staging"),
        Confirmation(traefik, clock, settings.confirm_seconds),
    )
    changed.listeners.append(edge.request)
    ingest = Ingest(registry, HttpDocumentClient(outbound), public_url=settings.edge_url)
    changed.listeners.append(ingest.changed)

    def documented(name: str) -> DocumentationView | None:
        shown = ingest.shown.get(name)
        return DocumentationView(state=shown.state, reason=shown.reason) if shown else None

    network = SocketNetworkClient()
    shared = _shared_limits(settings)
    book = PolicyBook(
        FilePresetStore(settings.presets_dir),
        plugins=settings.plugins,
        shares_limits=shared is not None,
    )
    return Gateway(
        keyring=keyring,
        keys=Keys(keyring, held, clock),
        owners=owners,
        upkeep=upkeep,
        ledger=ledger,
        registry=registry,
        onboarding=Onboarding(registry, edge, network, _own_addresses(settings), book, clock),
        presenter=Presenter(
            settings.edge_url, registry, probes.healthy, edge.status.rejected.get, documented
        ),
        probes=probes,
        edge=edge,
        ingest=ingest,
        limits=LimitsAccount(redis, shared) if shared else None,
        certificates=_certificates(settings),
        access_log=settings.access_log_path,
        readiness=Readiness(
            {
                "valkey": lambda: "does not answer." if ledger.is_away else None,
                "edge": lambda: edge.status.fault,
                "database": lambda: database.fault and f"{database.fault}.",
                "keys": lambda: upkeep.fault,
            }
        ),
    )


def prepare_files(settings: Settings) -> None:
    """Make the secrets, and put what Traefik needs where it looks."""
    staging = settings.edge_path / "staging"
    _held_keys(settings).make()
    people = ensure_secret_file(settings.secrets_path / "dashboard.password", _password)
    users = {"admin": people, _API_USER: _api_password(settings)}
    write_users(settings.edge_path / "users", users, staging)
    ensure_certificate(settings.edge_path, staging)
    settings.watched_path.mkdir(parents=True, exist_ok=True)
    place_handwritten(settings.handwritten_dir, settings.watched_path, staging)
    _certificates(settings).place()


class Signal:
    """Passes a call on to whoever listens by then."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[], None]] = []

    def __call__(self) -> None:
        for listener in self.listeners:
            listener()


def _announce(event: str, subject: str, **data: Any) -> None:
    _log.info("%s %s %s", event, subject, data or "")


def _certificates(settings: Settings) -> DomainCertificates:
    return DomainCertificates(
        settings.domains,
        settings.tls_files,
        settings.watched_path,
        settings.edge_path,
        SystemClock(),
    )


def _password() -> str:
    return secrets.token_urlsafe(32)


def _api_password(settings: Settings) -> str:
    return ensure_secret_file(settings.secrets_path / "traefik-api.password", _password)


def _held_keys(settings: Settings) -> HeldKeys:
    copies = {"join": settings.join_key_copy} if settings.join_key_copy else {}
    return HeldKeys(settings.secrets_path, copies)


def _database_url(settings: Settings) -> DatabaseUrl:
    if settings.database_url:
        return database_url(settings.database_url)
    return sqlite_url(settings.var_dir / "gatehouse.db")


def _valkey_url(settings: Settings) -> str:
    if settings.valkey_url:
        return settings.valkey_url
    password = ensure_secret_file(settings.secrets_path / "valkey.password", _password)
    return f"redis://:{password}@127.0.0.1:{settings.valkey_port}/0"


def _ways(settings: Settings) -> Ways:
    entry_points = ("edge", "websecure") if settings.domains else ("edge",)
    return Ways(entry_points, _shared_limits(settings))


def _shared_limits(settings: Settings) -> SharedLimits | None:
    if not settings.limits_endpoint:
        return None
    password = ensure_secret_file(settings.secrets_path / "limits.password", _password)
    return SharedLimits(settings.limits_endpoint, "gatehouse-limits", password)


def _own_addresses(settings: Settings) -> OwnAddresses:
    urls = [urlsplit(url) for url in (settings.edge_url, settings.api_url)]
    named = {part.strip().lower() for part in settings.hosts.split(",") if part.strip()}
    machine = {socket.gethostname().lower()}
    ports = {
        settings.edge_port,
        settings.admin_port,
        settings.sidecar_port,
        settings.valkey_port,
        settings.sockets_port,
        *(url.port for url in urls if url.port),
        # Inside containers the ports are these, wherever they are published.
        *(Settings.model_fields[name].default for name in ("edge_port", "admin_port")),
    }
    if settings.domains:
        ports |= {settings.http_port, settings.https_port}
    hosts = {url.hostname or "" for url in urls} | named | machine | _KNOWN_HOSTS
    hosts |= set(settings.domains)
    return OwnAddresses(frozenset(hosts), frozenset(ports))
