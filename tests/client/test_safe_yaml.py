import contextlib
import json
from typing import Any

import pytest
from gatehouse.safe_yaml import YamlError, read_documents
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("FALSE", False),
        # YAML 1.1 takes these for false, true, 750, 7, a date and infinity.
        ("no", "no"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("007", "007"),
        ("2026-01-01", "2026-01-01"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("~", None),
        ("", None),
        ("null", None),
        ("'null'", "null"),
        ("-12", -12),
        ("1.50", 1.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        # More digits than a float holds.
        ("12345678901234567", "12345678901234567"),
        ("!!str 5", "5"),
        ('"5"', "5"),
        ("[1, [a, ]]", [1, ["a"]]),
        ("{a: {b: 1}}", {"a": {"b": 1}}),
    ],
)
def test_a_plain_word_is_read_as_the_core_schema_says(text: str, value: Any) -> None:
    assert read_documents(f"- {text}") == [[value]]


def test_keys_are_text_as_they_are_written() -> None:
    text = "200: a\ntrue: b\nnull: c\n1.10: d\n<<: {e: f}\n"

    assert read_documents(text) == [
        {"200": "a", "true": "b", "null": "c", "1.10": "d", "<<": {"e": "f"}}
    ]


def test_lines_of_three_hyphens_separate_documents() -> None:
    assert read_documents("a: 1\n---\n---\n- b\n...\n") == [{"a": 1}, None, ["b"]]


def test_nothing_at_all_is_no_document() -> None:
    assert read_documents("# only a remark\n") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: &a [x]\nb: *a\n", "line 2, column 4: aliases (*name) are not allowed here"),
        ("a: 1\nb: {c: 1, c: 2}\n", "line 2, column 11: 'c' is there twice"),
        ("a:\n\t- b", "line 2, column 1: there is a tab: YAML is indented with spaces"),
        ("a: !!python/name:os.system x", "the tag 'tag:yaml.org,2002:python/name:os.system'"),
        ("a: !!binary aGk=", "the tag 'tag:yaml.org,2002:binary' is not allowed here"),
        ("a: !!timestamp 2026-01-01", "the tag 'tag:yaml.org,2002:timestamp'"),
        ("a: !mine x", "the tag '!mine' is not allowed here"),
        ("a: !!int x", "'x' is not what its tag says"),
        ("a: !!int [1]", "there must be a plain value here"),
        ("a: !!map 1", "there must be a mapping here"),
        ("a: !!seq {}", "there must be a list here"),
        ("a: 1e999", "1e999 is too large a number"),
        ("? [a]\n: b", "line 1, column 3: a key must be text"),
        ("a: [", "line 1, column 5: expected the node content"),
        ("a: b: c", "line 1, column 5: mapping values are not allowed here"),
        ("a: 'x", "found unexpected end of stream"),
        ("a\0: b", "unacceptable character #x0000"),
        (r'"\U00110000"', "names no character"),
        ("%YAML 2.0\n---\na: 1", "found incompatible YAML document"),
        ("[" * 200, "line 1, column 101: nested more than 100 levels deep"),
        ("- " * 200, "nested more than 100 levels deep"),
    ],
)
def test_what_is_none_of_this_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(YamlError) as raised:
        read_documents(text)

    assert said in str(raised.value)
    assert "\n" not in str(raised.value)


def test_nested_aliases_are_refused_before_they_grow() -> None:
    levels = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    text = "\n".join(["a0: &a0 [lol]", *levels])

    with pytest.raises(YamlError, match=r"line 2, column 10: aliases"):
        read_documents(text)


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="ascii"), max_size=10)
)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(codec="ascii"), max_size=5), inner, max_size=4)
    ),
    max_leaves=10,
)


@given(DOCUMENTS)
def test_json_is_read_as_what_it_is(document: Any) -> None:
    assert read_documents(json.dumps(document)) == [document]


@given(st.text(st.sampled_from("ab1.- \n\t:?*&!%@`'\"|>[]{},#~\\\0\x85\U0001f600"), max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(YamlError):
        json.dumps(read_documents(text), allow_nan=False)
