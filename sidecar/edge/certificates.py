"""Where the certificates of the gateway's own domain come from, told to Traefik and kept fresh."""

import asyncio
import hashlib
import json
import logging
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from sidecar.edge.store import READABLE
from sidecar.kit.certificates import CertificateError, Pair, read_pair
from sidecar.kit.clock import Clock
from sidecar.kit.files import replace_file

_log = logging.getLogger("gatehouse.edge")

DOMAIN_FILE = "gateway-domain.yaml"
_OURS_ONLY = 0o640
_LOOK_SECONDS = 5.0
_REMIND = timedelta(days=1)
_HEADER = "# Written by Gatehouse from GATEHOUSE_DOMAIN: changes made here are lost.\n"


@dataclass
class DomainCertificates:
    """`gateway-domain.yaml` beside the other files that Traefik watches.

    Traefik reads the content of a certificate file only when one of the watched files changes. So
    each pair gets names of its own beside them, and a new pair is a new `gateway-domain.yaml`:
    replaced in one step, never half of one pair and half of another. A pair that can not be served
    is logged and leaves the last one where it is.
    """

    domains: tuple[str, ...]
    files: tuple[Path, Path] | None
    """The certificate and the key of one's own; none of them: Traefik asks an ACME server."""
    watched: Path
    edge: Path
    clock: Clock
    _placed: tuple[object, ...] = field(default=(), init=False)
    _told: str = field(default="", init=False)
    _pair: Pair | None = field(default=None, init=False)

    @property
    def is_watched(self) -> bool:
        """Tell whether `run` has anything to look at."""
        return bool(self.domains and self.files)

    def place(self) -> None:
        """Write what Traefik needs for the domains; remove it where there is none."""
        found = self._signature()
        if not self.domains:
            (self.watched / DOMAIN_FILE).unlink(missing_ok=True)
            self._forget_all_but("")
        elif self.files is None:
            self._write(_by_acme(self.domains))
            self._forget_all_but("")
        else:
            self._place_files(*self.files)
        self._placed = found

    async def run(self) -> None:
        """Look for a renewed pair, for ever: only where there is one."""
        reminded_at = self.clock.now()
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if await asyncio.to_thread(self._signature) != self._placed:
                await asyncio.to_thread(self.place)
            if self.clock.now() - reminded_at >= _REMIND:
                self._warn()
                reminded_at = self.clock.now()

    def _place_files(self, certificate: Path, key: Path) -> None:
        try:
            pair = read_pair(certificate, key, self.domains)
        except CertificateError as error:
            # Said once: between the writing of the one file and of the other it is not even wrong.
            if self._told != str(error):
                _log.error("The certificate stays as it was. %s", error)
            self._told = str(error)
            return
        self._pair, self._told = pair, ""
        name = hashlib.sha256(f"{pair.certificate}\0{pair.key}".encode()).hexdigest()[:16]
        text = _by_files(name)
        if text != self._written():
            self._forget_all_but(self._written())
            self._put(f"{name}.crt", pair.certificate)
            self._put(f"{name}.key", pair.key)
            self._write(text)
            _log.info("The certificate is valid until %s.", pair.ends_at)
        self._warn()

    def _warn(self) -> None:
        if self._pair and (warning := self._pair.warning(self.clock.now())):
            _log.warning("%s", warning)

    def _signature(self) -> tuple[object, ...]:
        return tuple(map(_stamp, self.files or ()))

    def _written(self) -> str:
        try:
            return (self.watched / DOMAIN_FILE).read_text()
        except OSError:
            return ""

    def _write(self, text: str) -> None:
        if text != self._written():
            target = self.watched / DOMAIN_FILE
            replace_file(target, text, staged=self._staged(DOMAIN_FILE), mode=READABLE)

    def _put(self, name: str, text: str) -> None:
        target = self.edge / "certificates" / name
        replace_file(target, text, staged=self._staged(name), mode=_OURS_ONLY)

    def _staged(self, name: str) -> Path:
        return self.edge / "staging" / name

    def _forget_all_but(self, text: str) -> None:
        for file in (self.edge / "certificates").glob("*"):
            if file.stem not in text:
                file.unlink(missing_ok=True)


def _by_files(name: str) -> str:
    folder = '{{ env "GATEHOUSE_EDGE_DIR" }}/certificates'
    return (
        f"{_HEADER}tls:\n  certificates:\n"
        f"    - certFile: '{folder}/{name}.crt'\n      keyFile: '{folder}/{name}.key'\n"
    )


def _by_acme(domains: tuple[str, ...]) -> str:
    # The entry point's own `domains` would go for every router on it, and none with a host of its
    # own would get a certificate for that. So one router that nobody can reach names them.
    listed = ", ".join(f"{{main: {json.dumps(name)}}}" for name in domains)
    return (
        f"{_HEADER}http:\n  routers:\n    gateway-domain:\n"
        '      entryPoints: ["websecure"]\n'
        '      rule: "Host(`gatehouse.invalid`)"\n'
        "      priority: 1\n"
        '      service: "noop@internal"\n'
        f'      tls: {{certResolver: "acme", domains: [{listed}]}}\n'
    )


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
