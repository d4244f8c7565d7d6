"""Certificates of an authority of the tests' own."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Issued:
    """A certificate and its key, in PEM."""

    certificate: str
    key: str

    def write(self, folder: Path, name: str = "own") -> tuple[Path, Path]:
        """Put both into files, as a renewal does: one after the other."""
        certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
        certificate.write_text(self.certificate)
        key.write_text(self.key)
        return certificate, key


class Authority:
    """Signs what it is asked to."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Test Authority")])
        usage = x509.KeyUsage(
            digital_signature=True,
            key_cert_sign=True,
            crl_sign=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )
        identifier = x509.SubjectKeyIdentifier.from_public_key(self._key.public_key())
        made = (
            self._builder(self._name, self._key, NOW - DAY, NOW + 100 * DAY)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(identifier, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        self._identifier = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(
            identifier
        )
        self.pem = made.public_bytes(Encoding.PEM).decode()

    def issue(
        self, *names: str, begins_at: datetime = NOW - DAY, ends_at: datetime = NOW + 90 * DAY
    ) -> Issued:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([])
        builder = self._builder(subject, key, begins_at, ends_at).add_extension(
            self._identifier, critical=False
        )
        if names:
            named = x509.SubjectAlternativeName([_general(name) for name in names])
            builder = builder.add_extension(named, critical=True)
        made = builder.sign(self._key, hashes.SHA256())
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return Issued(made.public_bytes(Encoding.PEM).decode(), private.decode())

    def trusted(self) -> ssl.SSLContext:
        """Answer a caller's settings that trust this authority alone."""
        return ssl.create_default_context(cadata=self.pem)

    def _builder(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        begins_at: datetime,
        ends_at: datetime,
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begins_at)
            .not_valid_after(ends_at)
        )


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)
