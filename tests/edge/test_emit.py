from dataclasses import fields
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from sidecar.edge.emit import emit
from sidecar.edge.models import Flow, LoadBalancer, Router, Rule, Server, TraefikService

# No surrogates: they are no characters, and are refused at the door.
TEXTS = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    [
        "no",
        "null",
        "1e3",
        "~",
        "",
        "- a",
        "a: b",
        "#",
        '{{ env "PATH" }}',
        "{{{",
        "}}",
        "\n",
        "\x85",
        "\N{DOOR}",
    ]
)
# YAML readers take no longer ones, escapes included.
NAMES = TEXTS.filter(lambda text: len(text) <= 64)
RULES = st.builds(Rule, host=TEXTS, prefix=TEXTS)
SCALARS = TEXTS | st.booleans() | st.integers()
# Of numbers with an exponent the reader of this test makes text; Traefik's does not.
FLOATS = st.floats(-1e6, 1e6).filter(lambda number: "e" not in repr(number))
JSON = st.recursive(
    SCALARS | st.none() | FLOATS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
FLOWS = st.builds(Flow, st.dictionaries(NAMES, JSON, max_size=3))
TREES = st.recursive(
    st.dictionaries(
        NAMES,
        SCALARS | FLOWS | st.lists(SCALARS, min_size=1, max_size=3),
        max_size=3,
    ),
    lambda inner: (
        st.dictionaries(NAMES, inner, min_size=1, max_size=3)
        | st.dictionaries(
            NAMES,
            # Lists of maps that are not empty: what mirrors are.
            st.lists(st.dictionaries(NAMES, SCALARS, min_size=1), min_size=1, max_size=2),
            min_size=1,
            max_size=2,
        )
    ),
    max_leaves=6,
)
NODES = st.one_of(
    st.builds(
        Router,
        rule=RULES,
        priority=st.integers(),
        service=TEXTS,
        middlewares=st.none() | st.lists(TEXTS, min_size=1).map(tuple),
    ),
    TREES.filter(bool),
    st.builds(TraefikService, failover=TREES.filter(bool)),
    st.builds(
        TraefikService,
        st.builds(
            LoadBalancer,
            st.lists(
                st.builds(Server, TEXTS, st.none() | st.integers(), st.sampled_from([None, True])),
                min_size=1,
                max_size=3,
            ).map(tuple),
            healthCheck=st.none() | TREES,
        ),
    ),
)


def _plain(value: Any) -> Any:
    """Answer what a reader of the file should see."""
    if isinstance(value, Rule):
        return str(value)
    if isinstance(value, Flow):
        return value.value
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if hasattr(value, "__slots__"):
        pairs = ((each.name, getattr(value, each.name)) for each in fields(value))
        return {name: _plain(item) for name, item in pairs if item is not None}
    return value


@given(st.dictionaries(NAMES, NODES, min_size=1, max_size=3), st.integers(0, 8))
def test_whatever_is_emitted_is_read_as_it_was_meant(nodes: dict[str, Any], indent: int) -> None:
    text = emit(nodes, indent)

    assert yaml.safe_load(text) == {name: _plain(node) for name, node in nodes.items()}


@given(st.dictionaries(NAMES, NODES, max_size=3))
def test_no_template_survives(nodes: dict[str, Any]) -> None:
    text = emit(nodes, 4)

    assert "{{" not in text
    assert text.isascii()


def test_nothing_is_emitted_as_nothing() -> None:
    assert emit({}, 4) == ""
