from pathlib import Path
from typing import Any

import pytest

from sidecar.settings import Settings
from stack.compose import project_files, refuse_unseen_files
from stack.errors import StackError
from tests.certificates import Authority

AUTHORITY = Authority()


@pytest.mark.parametrize(
    ("given", "files"),
    [
        ({}, ()),
        ({"domain": "a.example"}, ("-f", "compose.yaml", "-f", "compose.tls.yaml")),
        ({"domain": "a.example", "compose_file": "mine.yaml"}, ()),
    ],
)
def test_the_ports_of_a_domain_are_published_unless_the_user_chose_the_files(
    given: dict[str, Any], files: tuple[str, ...]
) -> None:
    assert project_files(Settings.model_construct(**given)) == files


def test_files_in_the_folder_that_containers_see_are_used(tmp_path: Path) -> None:
    certificate, key = _issued(tmp_path / "tls")
    key.chmod(0o644)

    refuse_unseen_files(_settings(certificate, key), tmp_path)


def test_a_file_that_containers_do_not_see_is_named(tmp_path: Path) -> None:
    certificate, key = _issued(tmp_path / "elsewhere")
    (tmp_path / "tls").mkdir()
    link = tmp_path / "tls" / "own.crt"
    link.symlink_to(certificate)

    for files in ((certificate, key), (link, key)):
        with pytest.raises(StackError, match=r"own\.crt does not lie in .*put a copy there"):
            refuse_unseen_files(_settings(*files), tmp_path)


def test_a_key_that_containers_may_not_read_is_named(tmp_path: Path) -> None:
    certificate, key = _issued(tmp_path / "tls")
    key.chmod(0o600)

    with pytest.raises(StackError, match=r"own\.key can not be read .*chown 10001"):
        refuse_unseen_files(_settings(certificate, key), tmp_path)


def _issued(folder: Path) -> tuple[Path, Path]:
    folder.mkdir()
    return AUTHORITY.issue("a.example").write(folder)


def _settings(certificate: Path, key: Path) -> Settings:
    return Settings.model_construct(domain="a.example", tls_cert=str(certificate), tls_key=str(key))
