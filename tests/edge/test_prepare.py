import base64
import hashlib
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from sidecar.edge.prepare import ensure_certificate, place_handwritten, write_users


@pytest.fixture
def staging(tmp_path: Path) -> Path:
    return tmp_path / "staging"


def test_handwritten_files_are_placed_where_traefik_looks(tmp_path: Path, staging: Path) -> None:
    source, watched = tmp_path / "source", tmp_path / "watched"
    source.mkdir()
    for name in ("gateway.yaml", "mine.yml", "services.yaml", "notes.txt"):
        (source / name).write_text(f"# {name}")

    place_handwritten(source, watched, staging)

    placed = {file.name: file.read_text() for file in watched.iterdir()}
    assert placed == {"gateway.yaml": "# gateway.yaml", "mine.yml": "# mine.yml"}


def test_an_unchanged_file_is_not_written_again(tmp_path: Path, staging: Path) -> None:
    source, watched = tmp_path / "source", tmp_path / "watched"
    source.mkdir()
    (source / "gateway.yaml").write_text("one")
    place_handwritten(source, watched, staging)
    before = (watched / "gateway.yaml").stat()

    place_handwritten(source, watched, staging)
    unchanged = (watched / "gateway.yaml").stat()
    (source / "gateway.yaml").write_text("two")
    place_handwritten(source, watched, staging)

    assert unchanged == before
    assert (watched / "gateway.yaml").read_text() == "two"


def test_a_directory_is_not_copied_onto_itself(tmp_path: Path, staging: Path) -> None:
    (tmp_path / "gateway.yaml").write_text("one")

    place_handwritten(tmp_path, tmp_path / "." / "x" / "..", staging)

    assert not staging.exists()


def test_passwords_are_written_as_hashes_that_traefik_takes(tmp_path: Path, staging: Path) -> None:
    write_users(tmp_path / "users", {"sidecar": "s3cret", "admin": "pass"}, staging)

    text = (tmp_path / "users").read_text()
    hashed = base64.b64encode(hashlib.sha1(b"s3cret").digest()).decode()  # noqa: S324 - Traefik's
    assert [line.partition(":")[0] for line in text.splitlines()] == ["admin", "sidecar"]
    assert text.splitlines()[1] == f"sidecar:{{SHA}}{hashed}"
    assert "s3cret" not in text
    assert (tmp_path / "users").stat().st_mode & 0o777 == 0o640


def test_the_certificate_is_made_once_and_fits_its_key(tmp_path: Path, staging: Path) -> None:
    ensure_certificate(tmp_path, staging)
    made = (tmp_path / "default.crt").read_bytes()

    ensure_certificate(tmp_path, staging)

    key = serialization.load_pem_private_key((tmp_path / "default.key").read_bytes(), None)
    certificate = x509.load_pem_x509_certificate(made)
    assert (tmp_path / "default.crt").read_bytes() == made
    assert certificate.public_key() == key.public_key()
    assert (tmp_path / "default.key").stat().st_mode & 0o777 == 0o640


def test_half_a_certificate_is_made_again(tmp_path: Path, staging: Path) -> None:
    ensure_certificate(tmp_path, staging)
    (tmp_path / "default.key").unlink()

    ensure_certificate(tmp_path, staging)

    key = serialization.load_pem_private_key((tmp_path / "default.key").read_bytes(), None)
    certificate = x509.load_pem_x509_certificate((tmp_path / "default.crt").read_bytes())
    assert certificate.public_key() == key.public_key()
