from typing import Any

import pytest
import yaml
from gatehouse.policies import Policies
from gatehouse.policy_check import EXAMPLES, policy_errors
from gatehouse.safe_yaml import read_documents

from sidecar.registry.policies.models import Policies as PolicyModel
from tests.client.test_policies import typed_names

ALL = ", ".join(Policies.__annotations__)


def errors_of(text: str, *, has_preset: bool = False) -> list[str]:
    (policies,) = read_documents(text)
    return policy_errors(policies, has_preset=has_preset)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ratelimit: {}", "ratelimit: is not known here; did you mean rateLimit?"),
        ("keyAuth: {}", "keyAuth: is not known here; did you mean keyauth?"),
        ("rate_limit: {}", "rate_limit: is not known here; did you mean rateLimit?"),
        ("RATE-LIMIT:", "RATE-LIMIT: is not known here; did you mean rateLimit?"),
        ("timeout: {}", "timeout: is not known here; did you mean timeouts?"),
        ("apikey: {}", f"apikey: is not known here; there are {ALL}"),
        (
            "retry: {attempts: 3, initial_interval: 1s}",
            "retry.initial_interval: is not known here; did you mean initialInterval?",
        ),
        (
            "rateLimit: {average: 1, sourceCriterion: {ip_strategy: {}}}",
            "rateLimit.sourceCriterion.ip_strategy: is not known here; did you mean ipStrategy?",
        ),
    ],
)
def test_a_name_that_is_not_known_is_told_what_was_meant(text: str, said: str) -> None:
    assert errors_of(text) == [f"policies.{said}"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("timeouts: 30s", "timeouts: must be fields, such as {responseHeaderTimeout: 30s}"),
        ("keyauth: true", "keyauth: write keyauth: {}"),
        ("keyauth: [edge:call]", "keyauth: write keyauth: {}"),
        ("failover: next", "failover: write failover: {service: next}"),
        ("rateLimit: 100", "rateLimit: write rateLimit: {average: 100}"),
        ("rateLimit: true", "rateLimit: must be fields, such as {average: 100, burst: 50}"),
        ("rateLimit: 100/s", "rateLimit: must be fields, such as {average: 100, burst: 50}"),
        (
            "circuitBreaker: ResponseCodeRatio(500, 600, 0, 600) > 0.3",
            (
                "circuitBreaker: write circuitBreaker:"
                ' {expression: "ResponseCodeRatio(500, 600, 0, 600) > 0.3"}'
            ),
        ),
        ("canary: v2", 'canary: must be fields, such as {version: "2.0", weight: 10}'),
        (
            "compress: false",
            "compress: to have none of it, leave it out; to switch off a preset's, write null",
        ),
        ("sticky: {cookie: id}", "sticky.cookie: must be fields, such as {name: instance}"),
        ("plugin: mine", "plugin: must be fields, such as {name: {setting: value}}"),
        ("canary: {version: 2.0, weight: 1}", "canary.version: must be text: put it in quotes"),
        ("mirror: {service: [a]}", "mirror.service: must be text"),
        ("timeouts: {dialTimeout: 5}", "timeouts.dialTimeout: must be a duration, such as 30s"),
        (
            "retry: {attempts: 2, status: [429]}",
            "retry.status: must be a list of texts: put each in quotes",
        ),
        (
            "retry: {attempts: 2, status: 429}",
            'retry.status: must be a list, such as ["429"]',
        ),
    ],
)
def test_a_value_of_the_wrong_kind_is_told_how_it_is_written(text: str, said: str) -> None:
    assert errors_of(text, has_preset=True) == [f"policies.{said}"]


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("keyauth", "For its defaults write: keyauth: {}"),
        ("rateLimit", "Write it as in: rateLimit: {average: 100, burst: 50}"),
        ("strategy", "Write it as in: strategy: p2c"),
    ],
)
def test_an_empty_policy_switches_off_a_presets_and_nothing_else(name: str, how: str) -> None:
    said = "is empty, which would switch off what a preset gives, and no preset is named here."
    assert errors_of(f"{name}:") == [f"policies.{name}: {said} {how}"]
    assert errors_of(f"{name}:", has_preset=True) == []


def test_what_a_gateway_takes_is_not_refused() -> None:
    policies = {
        name: yaml.safe_load(example)
        for name, example in EXAMPLES.items()
        if name in Policies.__annotations__
    } | {
        "basicAuth": {"users": [f"alice:$2y$05${'a' * 53}"]},
        "strategy": "wrr",
        "canary": {"version": "2.0", "weight": 10},
    }

    assert policy_errors(policies, has_preset=False) == []
    PolicyModel.model_validate(policies)


def test_there_is_an_example_of_all_that_has_fields() -> None:
    def fields(tree: dict[str, Any]) -> set[str]:
        return {name for name, inner in tree.items() if inner is not None}.union(
            *(fields(inner) for inner in tree.values() if inner is not None)
        )

    assert set(EXAMPLES) == fields(typed_names(Policies)) | set(Policies.__annotations__)
