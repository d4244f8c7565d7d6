from dataclasses import fields
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from sidecar.edge.emit import emit
from sidecar.edge.models import (
    IpAllowList,
    LoadBalancer,
    Middleware,
    Router,
    Rule,
    Server,
    StripPrefix,
    TraefikService,
)

# No surrogates: beyond the basic plane a JSON escape is two of them, and nothing we render is.
TEXTS = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"])) | st.sampled_from(
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
    ]
)
RULES = st.builds(Rule, host=TEXTS, prefix=TEXTS)
NODES = st.one_of(
    st.builds(
        Router,
        rule=RULES,
        priority=st.integers(),
        service=TEXTS,
        middlewares=st.none() | st.lists(TEXTS, min_size=1).map(tuple),
    ),
    st.builds(Middleware, stripPrefix=st.builds(StripPrefix, st.tuples(TEXTS, TEXTS))),
    st.builds(Middleware, ipAllowList=st.builds(IpAllowList, st.tuples(TEXTS), st.integers())),
    st.builds(
        TraefikService,
        st.builds(
            LoadBalancer,
            st.lists(
                st.builds(Server, TEXTS, st.none() | st.integers(), st.sampled_from([None, True])),
                min_size=1,
                max_size=3,
            ).map(tuple),
        ),
    ),
)


def _plain(value: Any) -> Any:
    """Answer what a reader of the file should see."""
    if isinstance(value, Rule):
        return str(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "__slots__"):
        pairs = ((each.name, getattr(value, each.name)) for each in fields(value))
        return {name: _plain(item) for name, item in pairs if item is not None}
    return value


@given(st.dictionaries(TEXTS, NODES, min_size=1, max_size=3), st.integers(0, 8))
def test_whatever_is_emitted_is_read_as_it_was_meant(nodes: dict[str, Any], indent: int) -> None:
    text = emit(nodes, indent)

    assert yaml.safe_load(text) == {name: _plain(node) for name, node in nodes.items()}


@given(st.dictionaries(TEXTS, NODES, max_size=3))
def test_no_template_survives(nodes: dict[str, Any]) -> None:
    text = emit(nodes, 4)

    assert "{{" not in text
    assert text.isascii()


def test_nothing_is_emitted_as_nothing() -> None:
    assert emit({}, 4) == ""
