import dataclasses
from pathlib import Path

import pytest
from gatehouse.manifest import (
    FIELDS,
    MANIFEST_BYTES,
    ManifestError,
    find_manifest,
    read_manifests,
)
from gatehouse.models import Registration

EXAMPLE = Path(__file__).parents[2] / "examples" / "manifest" / "gatehouse.yaml"
WHOLE = """\
name: orders
base_url: http://127.0.0.1:8000
prefix: /shop/orders
host: api.example.com
strip_prefix: false
instance_id: one
weight: 3
ttl_seconds: 60
health: {path: /health, interval_seconds: 5}
openapi_url: docs/openapi.json
openapi: {openapi: 3.1.0, paths: {/a: {get: {responses: {200: {description: yes}}}}}}
routes: [{path: "/orders/{id}", methods: [GET]}]
expose: routes
version: "1.10"
description: Takes orders.
tags: [shop]
metadata: {team: a}
preset: public
policies:
  rateLimit: {average: 100, period: 1s, sourceCriterion: {consumer: true}}
  retry: null
backup_for: [bills]
"""


def a_file(folder: Path, content: str | bytes) -> Path:
    path = folder / "gatehouse.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refused(folder: Path, content: str | bytes) -> str:
    """Say why a file is refused, without the place where it lies."""
    path = a_file(folder, content)
    with pytest.raises(ManifestError) as raised:
        read_manifests(path)
    return str(raised.value).replace(str(path), "FILE")


def test_a_manifest_says_all_that_a_registration_can(tmp_path: Path) -> None:
    (manifest,) = read_manifests(a_file(tmp_path, WHOLE))

    assert set(manifest.fields) == {each.name for each in dataclasses.fields(Registration)}
    assert set(manifest.fields) == set(FIELDS)
    body = manifest.registration().body(base_url="http://127.0.0.1:8000", openapi_url=None)
    assert body == dict(manifest.fields)
    assert body["version"] == "1.10"
    assert body["policies"]["retry"] is None
    assert body["openapi"]["paths"]["/a"]["get"]["responses"] == {"200": {"description": "yes"}}


def test_the_example_is_a_manifest() -> None:
    (manifest,) = read_manifests(EXAMPLE)

    assert manifest.name == "files"
    assert manifest.fields["policies"]["inFlightReq"] is None


def test_null_is_not_given_except_for_a_lease_that_never_ends(tmp_path: Path) -> None:
    (manifest,) = read_manifests(a_file(tmp_path, "name: a\nhost:\nttl_seconds: null\ntags: ~\n"))

    assert manifest.fields == {"name": "a", "ttl_seconds": None}


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfname: a\nversion: '1'\n",
        b"name: a\r\nversion: '1'\r\n",
        b"---\nname: a\nversion: '1'\n---\n",
        b'{"name": "a", "version": "1"}',
    ],
)
def test_what_editors_and_programs_write_is_read(tmp_path: Path, content: bytes) -> None:
    (manifest,) = read_manifests(a_file(tmp_path, content))

    assert manifest.fields == {"name": "a", "version": "1"}


def test_nothing_is_expanded_in_it(tmp_path: Path) -> None:
    text = 'name: a\ndescription: ${HOME} {{ env "HOME" }} $(id) !include x\n'

    (manifest,) = read_manifests(a_file(tmp_path, text))

    assert manifest.fields["description"] == '${HOME} {{ env "HOME" }} $(id) !include x'


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "FILE is empty: it needs at least a name."),
        ("# name: a\n---\n", "FILE is empty: it needs at least a name."),
        ("name: \n", "FILE is not a manifest:\n  name: is missing"),
        (
            "- name: a\n",
            "FILE is not a manifest:\n  it must be a mapping of fields, such as `name: orders`",
        ),
        (
            "orders",
            "FILE is not a manifest:\n  it must be a mapping of fields, such as `name: orders`",
        ),
        (
            "name: a\n\tweight: 1\n",
            "FILE: line 2, column 1: there is a tab: YAML is indented with spaces",
        ),
        ("name: a\nname: b\n", "FILE: line 2, column 1: 'name' is there twice"),
        (
            "name: &a x\nprefix: *a\n",
            "FILE: line 2, column 9: aliases (*name) are not allowed here: write it out",
        ),
        (b"name: \xe9t\xe9\n", "FILE is not text in UTF-8."),
        ("name: a\n".encode("utf-16"), "FILE is not text in UTF-8."),
        (b"#" * (MANIFEST_BYTES + 1), "FILE is longer than 256 KiB."),
        (b"a" * 10_000_000, "FILE is longer than 256 KiB."),
        (
            "name: a\npolices: {}\nbaseUrl: http://x\n",
            (
                "FILE is not a manifest:\n"
                "  polices: is not known here; did you mean policies?\n"
                "  baseUrl: is not known here; did you mean base_url?"
            ),
        ),
        (
            "name: a\nzzz: 1\n",
            f"FILE is not a manifest:\n  zzz: is not known here; there are {', '.join(FIELDS)}",
        ),
        (
            "services: [{name: a}]\n",
            (
                "FILE is not a manifest:\n"
                "  name: is missing\n"
                "  services: is not known here: write each service as a document of its own, after"
                " a line ---"
            ),
        ),
        (
            "name: a\nport: 8000\n",
            (
                "FILE is not a manifest:\n"
                "  port: is not known here: give base_url, such as http://127.0.0.1:8000"
            ),
        ),
        (
            "name: a\n---\nname: 5\n",
            "FILE is not a manifest:\n  document 2: name: must be text: put it in quotes",
        ),
    ],
)
def test_a_file_that_is_no_manifest_is_refused(
    tmp_path: Path, content: str | bytes, said: str
) -> None:
    assert refused(tmp_path, content) == said


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("version: 1.10", "must be text: put it in quotes"),
        ("prefix: [a]", "must be text: put it in quotes"),
        ("strip_prefix: no", "must be true or false"),
        ("strip_prefix: 1", "must be true or false"),
        ("weight: true", "must be a whole number"),
        ("weight: 1.5", "must be a whole number"),
        ("ttl_seconds: 30s", "must be a number of seconds, or null for ever"),
        ("health: 5", "must be a path such as /health, or a mapping with the path in it"),
        ("openapi: openapi.json", "must be a mapping"),
        ("policies: []", "must be a mapping"),
        ("routes: {path: /a}", "must be a list of mappings, each with a path"),
        ("routes: [/a]", "must be a list of mappings, each with a path"),
        ("tags: demo", "must be a list of texts, such as [demo]"),
        ("tags: [1]", "must be a list of texts, such as [demo]"),
        ("backup_for: [~]", "must be a list of texts, such as [demo]"),
        ("preset: [public, inner]", "must be text: one preset only"),
        (
            "base_url: http://${HOST}:8000",
            "must be written out: nothing is expanded in a manifest",
        ),
        ("url: http://a", "is not known here; did you mean base_url?"),
        ("ttl: 30", "is not known here; did you mean ttl_seconds?"),
        ("STRIP-PREFIX: true", "is not known here; did you mean strip_prefix?"),
    ],
)
def test_a_field_of_the_wrong_kind_is_named(tmp_path: Path, field: str, said: str) -> None:
    name = field.partition(":")[0]

    assert refused(tmp_path, f"name: a\n{field}\n") == f"FILE is not a manifest:\n  {name}: {said}"


@pytest.mark.parametrize(
    ("name", "reason"), [("absent.yaml", "No such file or directory"), ("", "Is a directory")]
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str, reason: str) -> None:
    with pytest.raises(ManifestError) as raised:
        read_manifests(tmp_path / name)

    assert str(raised.value) == f"{tmp_path / name} cannot be read: {reason}."


def test_a_path_that_is_none_is_refused() -> None:
    with pytest.raises(ManifestError, match="cannot be read: embedded null byte"):
        read_manifests("a\0b")


def test_one_of_several_is_found_by_its_name(tmp_path: Path) -> None:
    path = a_file(tmp_path, "name: a\n---\nname: b\nweight: 2\n---\nname: c\n---\nname: c\n")

    assert find_manifest(path, "b").fields == {"name": "b", "weight": 2}
    for name, said in (
        (None, f"{path} has several services: say which one by its name (a, b, c, c)."),
        ("d", f"{path} has no services called 'd'."),
        ("c", f"{path} has 2 services called 'c'."),
    ):
        with pytest.raises(ManifestError) as raised:
            find_manifest(path, name)
        assert str(raised.value) == said


def test_what_is_wrong_in_the_policies_is_named_with_the_rest(tmp_path: Path) -> None:
    text = "name: a\nweight: x\npolicies:\n  keyauth:\n  ratelimit: {average: 1}\n"

    assert refused(tmp_path, text) == (
        "FILE is not a manifest:\n"
        "  weight: must be a whole number\n"
        "  policies.keyauth: is empty, which would switch off what a preset gives, and no preset is"
        " named here. For its defaults write: keyauth: {}\n"
        "  policies.ratelimit: is not known here; did you mean rateLimit?"
    )


def test_null_switches_off_what_a_preset_gives(tmp_path: Path) -> None:
    text = "name: a\npreset: public\npolicies: {rateLimit: null}\n"

    (manifest,) = read_manifests(a_file(tmp_path, text))

    assert manifest.fields["policies"] == {"rateLimit": None}
