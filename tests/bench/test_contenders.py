from typing import Any

import yaml

from bench.contenders import by_hand, without_entry
from sidecar.edge.models import Rule
from stack.layout import ROOT


def written(**middlewares: Any) -> Any:
    return yaml.safe_load(by_hand("asks", "http://127.0.0.1:8000", middlewares))["http"]


def test_a_route_by_hand_takes_the_same_requests_as_a_registered_one() -> None:
    router = written()["routers"]["asks"]

    rule = Rule(host=None, prefix="/asks")
    assert (router["rule"], router["priority"]) == (str(rule), rule.priority)


def test_the_prefix_is_taken_off_behind_the_other_middlewares() -> None:
    http = written(limit={"rateLimit": {"average": 1}})

    assert http["routers"]["asks"]["middlewares"] == ["limit", "asks-strip"]
    assert http["middlewares"]["limit"] == {"rateLimit": {"average": 1}}
    assert http["middlewares"]["asks-strip"] == {"stripPrefix": {"prefixes": ["/asks"]}}


def test_nothing_but_the_middlewares_of_the_entry_point_is_taken_out() -> None:
    shipped = (ROOT / "traefik" / "traefik.yaml").read_text()

    found, expected = yaml.safe_load(without_entry(shipped)), yaml.safe_load(shipped)

    assert expected["entryPoints"]["edge"]["http"].pop("middlewares")
    assert found == expected
