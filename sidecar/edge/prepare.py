"""What Traefik needs to find beside the generated file: made once, at the sidecar's start."""

import base64
import hashlib
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from sidecar.edge.certificates import DOMAIN_FILE
from sidecar.edge.store import READABLE
from sidecar.kit.files import replace_file

_OURS_ONLY = 0o640
_GENERATED = ("services.yaml", DOMAIN_FILE)
# Nobody is to trust it, so it never needs to be renewed.
_FIRST_DAY = datetime(2020, 1, 1, tzinfo=UTC)
_LAST_DAY = datetime(9999, 12, 31, tzinfo=UTC)


def place_handwritten(source: Path, watched: Path, staging: Path) -> None:
    """Copy the hand-written files to where Traefik watches, if that is elsewhere."""
    if source.resolve() == watched.resolve():
        return
    for file in sorted(source.glob("*.y*ml")):
        target = watched / file.name
        text = file.read_text()
        if file.name not in _GENERATED and not (target.exists() and target.read_text() == text):
            replace_file(target, text, staged=staging / file.name, mode=READABLE)


def write_users(path: Path, passwords: dict[str, str], staging: Path) -> None:
    """Write the users of the admin entry point for Traefik's basicAuth.

    SHA-1 without a salt is enough here: the passwords are 256 random bits, and the sidecar asks
    the API at every publication, where bcrypt would cost 50 ms each time.
    """
    lines = [f"{user}:{{SHA}}{_sha1(password)}" for user, password in sorted(passwords.items())]
    text = "\n".join(lines) + "\n"
    if not (path.exists() and path.read_text() == text):
        replace_file(path, text, staged=staging / path.name, mode=_OURS_ONLY)


def ensure_certificate(folder: Path, staging: Path) -> None:
    """Make the certificate that Traefik shows where it has no better one: `default.crt`, `.key`.

    Without one, Traefik makes a new RSA key at *every* reload: 50 to 400 ms of one core, where the
    rest of the reload takes 5.
    """
    certificate, key = folder / "default.crt", folder / "default.key"
    if certificate.exists() and key.exists():
        return
    made_key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "gatehouse.invalid")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(made_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_FIRST_DAY)
        .not_valid_after(_LAST_DAY)
        .sign(made_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = made_key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    replace_file(key, private.decode(), staged=staging / key.name, mode=_OURS_ONLY)
    public = made.public_bytes(pem).decode()
    replace_file(certificate, public, staged=staging / certificate.name, mode=READABLE)


def _sha1(password: str) -> str:
    return base64.b64encode(hashlib.sha1(password.encode()).digest()).decode()  # noqa: S324
