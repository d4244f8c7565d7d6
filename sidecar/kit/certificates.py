"""Certificate files of one's own: whether they can be served, said before anybody meets them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

_ENDS_SOON = timedelta(days=14)
_BEGIN_CERTIFICATE = "-----BEGIN CERTIFICATE-----"
_Key = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey


class CertificateError(Exception):
    """A pair of files that can not be served; the message names the file and says why."""


@dataclass(frozen=True)
class Pair:
    """A certificate, with its chain, and the key that belongs to it, as they lie in the files."""

    certificate: str
    key: str
    names: frozenset[str]
    begins_at: datetime
    ends_at: datetime

    def warning(self, now: datetime) -> str | None:
        """Answer what callers have to say about its dates, or will have soon."""
        if now < self.begins_at:
            return f"The certificate is not valid before {self.begins_at:%Y-%m-%d %H:%M} UTC."
        if now >= self.ends_at:
            return f"The certificate expired on {self.ends_at:%Y-%m-%d}: callers will refuse it."
        if now >= self.ends_at - _ENDS_SOON:
            return f"The certificate expires on {self.ends_at:%Y-%m-%d %H:%M} UTC."
        return None


def read_pair(certificate: Path, key: Path, domains: Iterable[str]) -> Pair:
    """Read a certificate and its key, as PEM. Raises `CertificateError`.

    The first certificate of the file is the server's own, for every one of `domains`; the chain
    follows it (RFC 8446 section 4.4.2).
    """
    text, key_text = _read(certificate, "certificate"), _read(key, "key")
    own = _certificate(certificate, text)
    if own.public_key() != _private(key, key_text).public_key():
        raise CertificateError(f"{key} is not the key of the first certificate in {certificate}.")
    names = _names(own)
    if strange := [name for name in domains if not _is_named(name, names)]:
        known = ", ".join(sorted(names)) or "nobody"
        raise CertificateError(f"{certificate} is not for {strange[0]}: it is for {known}.")
    return Pair(text, key_text, names, own.not_valid_before_utc, own.not_valid_after_utc)


def _read(path: Path, what: str) -> str:
    try:
        return path.read_text()
    except UnicodeDecodeError as error:
        raise CertificateError(f"{path} is no PEM text; convert it with openssl.") from error
    except OSError as error:
        raise CertificateError(f"The {what} {path} can not be read: {error.strerror}.") from error


def _certificate(path: Path, text: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificates(text.encode())[0]
    except ValueError as error:
        raise CertificateError(
            f"{path} does not begin with a certificate in PEM ({_BEGIN_CERTIFICATE})."
        ) from error


def _private(path: Path, text: str) -> _Key:
    try:
        key = load_pem_private_key(text.encode(), password=None)
    except TypeError as error:
        raise CertificateError(f"{path} is protected by a password; Traefik has none.") from error
    except ValueError as error:
        raise CertificateError(f"{path} is no private key in PEM.") from error
    if not isinstance(key, _Key):
        raise CertificateError(f"{path} is no RSA, EC or Ed25519 key.")
    return key


def _names(certificate: x509.Certificate) -> frozenset[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return frozenset()  # A common name alone has not been accepted by callers for years.
    names = found.get_values_for_type(x509.DNSName)
    addresses = found.get_values_for_type(x509.IPAddress)
    return frozenset({*(name.lower() for name in names), *map(str, addresses)})


def _is_named(domain: str, names: frozenset[str]) -> bool:
    if domain in names:
        return True
    try:
        _ = ip_address(domain)
    except ValueError:
        # A wildcard stands for one label (RFC 9525 section 6.3).
        return f"*.{domain.partition('.')[2]}" in names
    return False
