"""Where the files of one local stack lie."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from sidecar.settings import Settings
from stack.errors import StackError

ROOT = Path(__file__).resolve().parent.parent
SOCKET_BYTES_MAX = 90
"""sun_path holds 104 bytes on macOS, 108 on Linux; supervisord appends its pid while it binds."""


@dataclass(frozen=True)
class Layout:
    """Absolute paths only, so that a process may be started from anywhere."""

    root: Path
    var: Path
    edge: Path
    watched: Path
    secrets: Path

    @property
    def run(self) -> Path:
        return self.var / "run"

    @property
    def logs(self) -> Path:
        return self.var / "log"

    @property
    def valkey(self) -> Path:
        return self.var / "valkey"

    @property
    def valkey_password_file(self) -> Path:
        return self.secrets / "valkey.password"

    @property
    def supervisord_conf(self) -> Path:
        return self.run / "supervisord.conf"

    @property
    def traefik_conf(self) -> Path:
        return self.var / "traefik" / "traefik.yaml"

    @property
    def acme(self) -> Path:
        return self.var / "acme"

    @property
    def valkey_conf(self) -> Path:
        return self.valkey / "valkey.conf"

    @property
    def mark(self) -> str:
        """What tells the processes of this stack from those of any other, in their environment."""
        return hashlib.sha256(os.fsencode(self.var)).hexdigest()[:16]

    @property
    def socket(self) -> Path:
        """Supervisord's socket: under var/, or at a short path where var/ lies too deep."""
        path = self.run / "supervisor.sock"
        if len(os.fsencode(path)) <= SOCKET_BYTES_MAX:
            return path
        # Not $TMPDIR: the next shell may have another one.
        return Path(f"/tmp/gatehouse-{os.getuid()}-{self.mark}/supervisor.sock")  # noqa: S108

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def shown(self, path: Path) -> str:
        """Answer a path as somebody in the checkout would type it."""
        return str(path.relative_to(self.root) if path.is_relative_to(self.root) else path)

    def make_directories(self) -> None:
        """Make what must exist before the first process starts, readable for its owner alone."""
        ours = (self.run, self.logs, self.valkey, self.traefik_conf.parent, self.edge, self.acme)
        for path in ours:
            path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.watched.mkdir(parents=True, exist_ok=True)
        self.socket.parent.mkdir(exist_ok=True, mode=0o700)
        owned = self.socket.parent.lstat()
        if owned.st_uid != os.getuid() or owned.st_mode & 0o022:
            raise StackError(
                f"{self.socket.parent} is not yours alone; remove it, or set GATEHOUSE_VAR_DIR"
                " to a shorter path."
            )


def layout_of(settings: Settings, root: Path = ROOT) -> Layout:
    """Answer the layout that the settings describe; relative paths count from the checkout."""
    return Layout(
        root=root,
        var=root / settings.var_dir,
        edge=root / settings.edge_path,
        watched=root / settings.watched_path,
        secrets=root / settings.secrets_path,
    )
