from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from sidecar.kit.certificates import CertificateError, read_pair
from tests.certificates import DAY, NOW, Authority

AUTHORITY = Authority()


@pytest.mark.parametrize(
    ("names", "domain"),
    [
        (("api.example.com",), "api.example.com"),
        (("API.example.com", "other.example.com"), "api.example.com"),
        (("*.example.com",), "api.example.com"),
        (("10.0.0.5",), "10.0.0.5"),
    ],
)
def test_a_pair_for_the_domain_is_read_as_it_lies_there(
    tmp_path: Path, names: tuple[str, ...], domain: str
) -> None:
    issued = AUTHORITY.issue(*names)

    pair = read_pair(*issued.write(tmp_path), [domain])

    assert (pair.certificate, pair.key) == (issued.certificate, issued.key)
    assert pair.warning(NOW) is None


@pytest.mark.parametrize(
    ("names", "domain"),
    [
        (("example.com",), "api.example.com"),
        (("*.example.com",), "example.com"),
        (("*.example.com",), "a.b.example.com"),
        (("*.0.0.5",), "10.0.0.5"),
        ((), "api.example.com"),
    ],
)
def test_a_certificate_for_somebody_else_is_refused(
    tmp_path: Path, names: tuple[str, ...], domain: str
) -> None:
    files = AUTHORITY.issue(*names).write(tmp_path)

    with pytest.raises(CertificateError, match=f"is not for {domain}: it is for") as refusal:
        read_pair(*files, [domain])

    assert (", ".join(names) or "nobody") in str(refusal.value)


def test_a_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    certificate, _ = AUTHORITY.issue("a.example").write(tmp_path, "one")
    _, key = AUTHORITY.issue("a.example").write(tmp_path, "two")

    with pytest.raises(CertificateError, match=r"two\.key is not the key of the first certificate"):
        read_pair(certificate, key, ["a.example"])


def test_a_chain_in_the_wrong_order_is_refused(tmp_path: Path) -> None:
    issued = AUTHORITY.issue("a.example")
    certificate, key = issued.write(tmp_path)
    certificate.write_text(AUTHORITY.pem + issued.certificate)

    with pytest.raises(CertificateError, match="the first certificate"):
        read_pair(certificate, key, ["a.example"])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "does not begin with a certificate in PEM"),
        (b"\xff\xfe", "is no PEM text"),
        (b"-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n", "does not begin with"),
    ],
)
def test_what_is_no_certificate_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    certificate, key = AUTHORITY.issue("a.example").write(tmp_path)
    certificate.write_bytes(content)

    with pytest.raises(CertificateError, match=rf"own\.crt {message}"):
        read_pair(certificate, key, ["a.example"])


def test_what_is_no_key_is_named_and_not_shown(tmp_path: Path) -> None:
    certificate, key = AUTHORITY.issue("a.example").write(tmp_path)
    key.write_text("hush")

    with pytest.raises(CertificateError, match=r"own\.key is no private key in PEM") as refusal:
        read_pair(certificate, key, ["a.example"])

    assert "hush" not in str(refusal.value)


def test_a_key_behind_a_password_is_named(tmp_path: Path) -> None:
    issued = AUTHORITY.issue("a.example")
    certificate, key = issued.write(tmp_path)
    private = load_pem_private_key(issued.key.encode(), None)
    hidden = BestAvailableEncryption(b"word")
    key.write_bytes(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, hidden))

    with pytest.raises(CertificateError, match=r"own\.key is protected by a password"):
        read_pair(certificate, key, ["a.example"])


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CertificateError, match=r"The certificate .*none\.crt can not be read: No"):
        read_pair(tmp_path / "none.crt", tmp_path / "none.key", ["a.example"])


@pytest.mark.parametrize(
    ("begins", "ends", "said"),
    [
        (-100, -1, "expired on"),
        (-100, 3, "expires on"),
        (1, 100, "is not valid before"),
    ],
)
def test_dates_that_callers_will_not_like_are_a_warning(
    tmp_path: Path, begins: int, ends: int, said: str
) -> None:
    issued = AUTHORITY.issue("a.example", begins_at=NOW + begins * DAY, ends_at=NOW + ends * DAY)

    pair = read_pair(*issued.write(tmp_path), ["a.example"])

    assert said in (pair.warning(NOW) or "")
