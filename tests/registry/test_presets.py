from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from sidecar.kit.errors import FieldError, InvalidInputError
from sidecar.registry.models import Registration
from sidecar.registry.presets import FilePresetStore, PolicyBook
from stack.layout import ROOT
from tests.factories import a_registration, policies
from tests.fakes.registry import MemoryPresetStore

OURS = ("ai-slow", "internal", "public")


@pytest.fixture
def store(tmp_path: Path) -> FilePresetStore:
    return FilePresetStore(tmp_path)


def _refused(book: PolicyBook, **fields: Any) -> FieldError:
    with pytest.raises(InvalidInputError) as caught:
        book.settle(a_registration(**fields))
    (error,) = caught.value.errors
    return error


def test_a_preset_is_a_file_with_policies(store: FilePresetStore, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("# Mine.\nrateLimit: {average: 5}\nkeyauth: {}\n")

    assert store.find("mine") == policies(rateLimit={"average": 5}, keyauth={})


def test_an_edit_holds_at_once(store: FilePresetStore, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("keyauth: {}")
    before = store.find("mine")

    (tmp_path / "mine.yaml").write_text("compress: {}")

    assert (before, store.find("mine")) == (policies(keyauth={}), policies(compress={}))


@pytest.mark.parametrize("text", ["", "# nothing\n", "{}", "null"])
def test_an_empty_preset_says_nothing(store: FilePresetStore, tmp_path: Path, text: str) -> None:
    (tmp_path / "mine.yaml").write_text(text)

    assert store.find("mine") == policies()


def test_a_preset_that_is_not_there_is_none(store: FilePresetStore) -> None:
    assert store.find("mine") is None
    assert store.names() == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"keyauth: {", "is no YAML"),
        (b"keyauth: !!python/object/apply:os.getcwd []", "is no YAML"),
        (b"\xff\xfe", "can not be read: UnicodeDecodeError"),
        (b"[keyauth]", "it: must be an object with fields such as ipAllowList"),
        (b"text", "it: must be an object with fields such as ipAllowList"),
        (b"surprise: {}", "surprise: is not known here"),
        (b"rateLimit: {average: 0}", "rateLimit.average: must be at least 1"),
        (b"rateLimit: {average: yes}", "rateLimit.average: must be a whole number"),
        (b"sticky: {}\nstrategy: hrw", "it: sticky: goes with any strategy but hrw"),
    ],
)
def test_a_preset_that_can_not_be_used_says_why(
    store: FilePresetStore, tmp_path: Path, content: bytes, reason: str
) -> None:
    (tmp_path / "mine.yaml").write_bytes(content)

    with pytest.raises(ValueError, match=reason):
        store.find("mine")


def test_a_preset_that_is_a_folder_can_not_be_used(store: FilePresetStore, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").mkdir()

    with pytest.raises(ValueError, match="can not be read: IsADirectoryError"):
        store.find("mine")


def test_only_what_can_be_asked_for_is_listed(store: FilePresetStore, tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yaml", "A.yaml", ".hidden.yaml", "a.b.yaml", "c.yml"):
        (tmp_path / name).write_text("")

    assert store.names() == ["a", "b"]


@pytest.mark.parametrize(
    "name", ["../secrets", "..", "/etc/passwd", "a/b", "A", "a.b", "", "a\n", "a" * 64, "a\x00", 7]
)
def test_the_name_of_a_preset_is_no_path(name: object) -> None:
    with pytest.raises(ValidationError) as caught:
        a_registration(preset=name)

    assert ("preset",) in [error["loc"] for error in caught.value.errors()]


@pytest.mark.parametrize("name", OURS)
def test_the_presets_that_come_with_the_gateway_are_taken_as_they_are(name: str) -> None:
    book = PolicyBook(FilePresetStore(ROOT / "presets"))

    settled = book.settle(a_registration(preset=name))

    assert settled.policies == FilePresetStore(ROOT / "presets").find(name)
    assert settled.policies != policies()


def test_the_presets_that_come_with_the_gateway_are_these() -> None:
    assert FilePresetStore(ROOT / "presets").names() == list(OURS)


def test_for_slow_models_nothing_is_held_back_or_cut_off() -> None:
    slow = FilePresetStore(ROOT / "presets").find("ai-slow")

    assert slow is not None
    assert {slow.buffering, slow.compress, slow.retry} == {None}
    assert slow.timeouts
    assert slow.timeouts.response_header_timeout == "15m"


BOOK = PolicyBook(
    MemoryPresetStore(
        {
            "safe": policies(keyauth={}, rateLimit={"average": 5}),
            "per-key": policies(
                keyauth={},
                inFlightReq={"amount": 1, "sourceCriterion": {"consumer": True}},
            ),
            "hashed": policies(strategy="hrw"),
            "strict": policies(headers={"stsSeconds": 60}),
            "shared": policies(rateLimit={"average": 5, "shared": True}),
            "third": policies(plugin={"theirs": {}}),
        },
        broken={"bad": "is no YAML"},
    ),
    plugins=["mine"],
)


def test_what_is_settled_has_all_policies_and_is_otherwise_as_it_was() -> None:
    wanted = a_registration(preset="safe", policies={"compress": {}, "rateLimit": None})

    settled = BOOK.settle(wanted)

    assert settled == wanted.model_copy(update={"policies": policies(keyauth={}, compress={})})


def test_without_a_preset_a_registration_is_settled_as_it_is() -> None:
    wanted = a_registration(policies={"compress": {}})

    assert BOOK.settle(wanted) == wanted


def test_null_is_no_preset_and_no_policies() -> None:
    wanted = a_registration(preset=None, policies=None)

    assert wanted == a_registration()
    assert BOOK.settle(wanted).policies == policies()


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        (
            {"preset": "none-such"},
            "preset",
            "'none-such' is not one of: bad, hashed, per-key, safe, shared, strict, third",
        ),
        ({"preset": "bad"}, "preset", "'bad' is no YAML"),
        (
            {"preset": "per-key", "policies": {"keyauth": None}},
            "policies",
            "with the preset: inFlightReq.sourceCriterion.consumer: needs keyauth",
        ),
        (
            {"preset": "hashed", "policies": {"sticky": {}}},
            "policies",
            "with the preset: sticky: goes with any strategy but hrw",
        ),
        (
            {"preset": "hashed", "policies": {"canary": {"version": "2", "weight": 1}}},
            "policies",
            "with the preset: canary: shares need the strategy wrr",
        ),
        (
            {"preset": "strict"},
            "policies.headers.stsSeconds",
            "holds for a whole host name: it needs a `host` of the service's",
        ),
        (
            {"preset": "shared"},
            "policies.rateLimit.shared",
            "is not offered here: GATEHOUSE_LIMITS_VALKEY is empty",
        ),
        (
            {"preset": "third"},
            "policies.plugin.theirs",
            "is not allowed here (GATEHOUSE_ALLOWED_PLUGINS: mine)",
        ),
        (
            {"policies": {"plugin": {"mine": {}, "other": {}}}},
            "policies.plugin.other",
            "is not allowed here (GATEHOUSE_ALLOWED_PLUGINS: mine)",
        ),
    ],
)
def test_what_can_not_be_settled_is_named(fields: dict[str, Any], field: str, message: str) -> None:
    assert _refused(BOOK, **fields) == FieldError(field=field, message=message)


def test_without_a_list_no_plugin_is_allowed() -> None:
    said = _refused(PolicyBook(MemoryPresetStore()), policies={"plugin": {"keyauth": {}}})

    assert said == FieldError(
        field="policies.plugin.keyauth",
        message="is not allowed here (GATEHOUSE_ALLOWED_PLUGINS: none)",
    )


def test_what_is_offered_is_taken() -> None:
    book = PolicyBook(MemoryPresetStore(), plugins=["mine"], shares_limits=True)
    wanted = a_registration(
        policies={"plugin": {"mine": {"a": 1}}, "rateLimit": {"average": 1, "shared": True}}
    )

    assert book.settle(wanted) == wanted


def test_settling_twice_changes_nothing() -> None:
    once = BOOK.settle(a_registration(preset="safe", policies={"compress": {}}))

    assert BOOK.settle(Registration.model_validate_json(once.model_dump_json())) == once


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({}, "no preset is named"),
        ({"preset": "open"}, "the preset 'open' does not have it"),
    ],
)
def test_an_empty_policy_is_not_taken_for_one_that_is_off(fields: dict[str, Any], why: str) -> None:
    """`keyauth:` with nothing after it is null in YAML, and left a service open."""
    book = PolicyBook(MemoryPresetStore({"open": policies(compress={})}))

    error = _refused(book, policies={"keyauth": None}, **fields)

    assert error.field == "policies.keyauth"
    assert why in error.message
    assert '"keyauth": {}' in error.message


def test_an_empty_policy_in_a_preset_makes_it_unusable(
    store: FilePresetStore, tmp_path: Path
) -> None:
    (tmp_path / "mine.yaml").write_text("keyauth:\ncompress: {}\n")

    with pytest.raises(ValueError, match="keyauth"):
        store.find("mine")
