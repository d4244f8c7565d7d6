import re

import pytest

from sidecar.edge.models import Rule


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (Rule(None, "/bill"), "Path(`/bill`) || PathPrefix(`/bill/`)"),
        (Rule("a.example", "/"), "Host(`a.example`)"),
        (
            Rule("a.example", "/x"),
            "Host(`a.example`) && (Path(`/x`) || PathPrefix(`/x/`))",
        ),
        (Rule(None, "/x", (("GET", "/a"),)), "(Method(`GET`) && Path(`/x/a`))"),
        (
            Rule(None, "/x", methods=("GET", "PUT")),
            "(Path(`/x`) || PathPrefix(`/x/`)) && (Method(`GET`) || Method(`PUT`))",
        ),
        (Rule("a.example", "/", methods=("PUT",)), "Host(`a.example`) && Method(`PUT`)"),
        (
            Rule("a.example", "/x", (("GET", "/a"), ("GET", "/b")), ("GET", "PUT")),
            (
                "Host(`a.example`)"
                " && ((Method(`GET`) && Path(`/x/a`)) || (Method(`GET`) && Path(`/x/b`)))"
                " && (Method(`GET`) || Method(`PUT`))"
            ),
        ),
        (
            Rule(None, "/x", (("GET", "/a"), ("GET", "/b"), ("POST", "/a"))),
            (
                "((Method(`GET`) || Method(`POST`)) && Path(`/x/a`))"
                " || (Method(`GET`) && Path(`/x/b`))"
            ),
        ),
        (
            Rule("a.example", "/", (("GET", "/a"),)),
            "Host(`a.example`) && (Method(`GET`) && Path(`/a`))",
        ),
    ],
)
def test_a_rule_is_built_from_its_parts(rule: Rule, text: str) -> None:
    assert str(rule) == text


@pytest.mark.parametrize(
    ("path", "matching", "others"),
    [
        ("/tasks/{id}", ["/x/tasks/7"], ["/x/tasks/", "/x/tasks/7/y", "/y/tasks/7"]),
        ("/{a}/{b}", ["/x/1/2"], ["/x/1", "/x/1/2/3", "/y/x/1/2"]),
        ("/v1.0/{id}:run", ["/x/v1.0/7:run"], ["/x/v1x0/7:run", "/x/v1.0/7"]),
        ("/a(b)|c*+$/{id}", ["/x/a(b)|c*+$/7"], ["/x/ab", "/x/c"]),
    ],
)
def test_a_parameter_takes_one_segment_and_the_rest_is_literal(
    path: str, matching: list[str], others: list[str]
) -> None:
    found = re.search(r"PathRegexp\(`(.*)`\)", str(Rule(None, "/x", (("GET", path),))))
    assert found
    # Go's `$` without flags is the very end, as `\Z` is here.
    pattern = re.sub(r"\$$", r"\\Z", found[1])

    assert all(re.search(pattern, each) for each in matching)
    assert not any(re.search(pattern, each) for each in others)


def test_priorities_go_from_the_narrow_to_the_wide() -> None:
    ordered = [
        Rule("a.example", "/a/b"),
        Rule("a.example", "/a", (("GET", "/x"),), ("GET",)),
        Rule("a.example", "/a", (("GET", "/x"),)),
        Rule("a.example", "/a", methods=("GET",)),
        Rule("a.example", "/a"),
        Rule("a.example", "/"),
        Rule(None, "/" + "a" * 254),
        Rule(None, "/a/b"),
        Rule(None, "/a", (("GET", "/x"),), ("GET",)),
        Rule(None, "/a", (("GET", "/x"),)),
        Rule(None, "/a", methods=("GET",)),
        Rule(None, "/a"),
    ]

    priorities = [rule.priority for rule in ordered]

    assert priorities == sorted(set(priorities), reverse=True)


def test_priorities_keep_to_their_place_between_the_handwritten_ones() -> None:
    # The API is at 2,000,000 and the pages at 1,000,000: dynamic-config/gateway.yaml.
    longest = "/" + "a" * 254

    assert Rule("a.example", longest, (("GET", "/x"),), ("GET",)).priority < 2_000_000
    assert Rule("a.example", "/").priority > 1_000_000
    assert Rule(None, longest, (("GET", "/x"),), ("GET",)).priority < 1_000_000
