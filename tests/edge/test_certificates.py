import logging
import re
from pathlib import Path

import pytest
import yaml

from sidecar.edge.certificates import DOMAIN_FILE, DomainCertificates
from sidecar.kit.clock import SystemClock
from tests.certificates import DAY, NOW, Authority

AUTHORITY = Authority()
DOMAINS = ("api.example.com", "other.example.com")


def test_without_a_domain_nothing_is_written_and_what_was_goes(tmp_path: Path) -> None:
    _place(tmp_path, DOMAINS, AUTHORITY.issue(*DOMAINS).write(tmp_path))

    _place(tmp_path, (), None)

    assert not (tmp_path / "watched" / DOMAIN_FILE).exists()
    assert list((tmp_path / "edge" / "certificates").iterdir()) == []


def test_by_acme_each_domain_gets_a_certificate_of_its_own(tmp_path: Path) -> None:
    _place(tmp_path, DOMAINS, None)

    (router,) = yaml.safe_load(_text(tmp_path))["http"]["routers"].values()
    assert router["entryPoints"] == ["websecure"]
    assert router["tls"] == {
        "certResolver": "acme",
        "domains": [{"main": "api.example.com"}, {"main": "other.example.com"}],
    }


def test_own_files_are_put_where_traefik_reads_them(tmp_path: Path) -> None:
    issued = AUTHORITY.issue(*DOMAINS)

    _place(tmp_path, DOMAINS, issued.write(tmp_path))

    certificate, key = _files(tmp_path)
    assert (certificate.read_text(), key.read_text()) == (issued.certificate, issued.key)
    assert key.stat().st_mode & 0o777 == 0o640
    assert issued.key not in _text(tmp_path)


def test_a_renewed_pair_is_another_file_and_the_one_before_it_stays_for_a_while(
    tmp_path: Path,
) -> None:
    places = [_place(tmp_path, DOMAINS, _issued(tmp_path)) for _ in range(3)]

    kept = {file.stem for file in (tmp_path / "edge" / "certificates").iterdir()}
    assert len(set(places)) == 3
    assert kept == {_name(text) for text in places[1:]}


def test_an_unchanged_pair_is_not_written_again(tmp_path: Path) -> None:
    files = _issued(tmp_path)
    _place(tmp_path, DOMAINS, files)
    before = (tmp_path / "watched" / DOMAIN_FILE).stat()

    _place(tmp_path, DOMAINS, files)

    assert (tmp_path / "watched" / DOMAIN_FILE).stat() == before


def test_half_a_renewal_leaves_the_last_pair_and_says_so_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = _issued(tmp_path)
    certificates = _certificates(tmp_path, DOMAINS, files)
    certificates.place()
    before = _text(tmp_path)
    files[0].write_text(AUTHORITY.issue(*DOMAINS).certificate)

    certificates.place()
    certificates.place()

    assert _text(tmp_path) == before
    said = [each.message for each in caplog.records if each.levelno == logging.ERROR]
    assert len(said) == 1
    assert "is not the key of the first certificate" in said[0]


def test_an_expired_certificate_is_served_with_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    issued = AUTHORITY.issue(*DOMAINS, begins_at=NOW - 9 * DAY, ends_at=NOW - DAY)

    _place(tmp_path, DOMAINS, issued.write(tmp_path))

    assert _files(tmp_path)[0].read_text() == issued.certificate
    assert "expired on" in caplog.text


def _issued(folder: Path) -> tuple[Path, Path]:
    return AUTHORITY.issue(*DOMAINS).write(folder)


def _certificates(
    folder: Path, domains: tuple[str, ...], files: tuple[Path, Path] | None
) -> DomainCertificates:
    return DomainCertificates(domains, files, folder / "watched", folder / "edge", SystemClock())


def _place(folder: Path, domains: tuple[str, ...], files: tuple[Path, Path] | None) -> str:
    _certificates(folder, domains, files).place()
    return _text(folder) if domains else ""


def _text(folder: Path) -> str:
    return (folder / "watched" / DOMAIN_FILE).read_text()


def _name(text: str) -> str:
    (name,) = set(re.findall(r"certificates/(\w+)\.", text))
    return str(name)


def _files(folder: Path) -> tuple[Path, Path]:
    name = folder / "edge" / "certificates" / _name(_text(folder))
    return name.with_suffix(".crt"), name.with_suffix(".key")
