"""What is wrong with the policies of a manifest, as far as their types can tell."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Required, get_args, get_origin, get_type_hints, is_typeddict

from gatehouse.policies import Policies
from gatehouse.spelling import unknown

EXAMPLES: Mapping[str, str] = {
    "keyauth": "{}",
    "rateLimit": "{average: 100, burst: 50}",
    "inFlightReq": "{amount: 10}",
    "circuitBreaker": "{expression: NetworkErrorRatio() > 0.5}",
    "retry": "{attempts: 3}",
    "timeouts": "{responseHeaderTimeout: 30s}",
    "buffering": "{maxRequestBodyBytes: 1048576}",
    "compress": "{}",
    "cors": '{accessControlAllowOriginList: ["https://app.example.com"]}',
    "headers": "{frameDeny: true}",
    "ipAllowList": "{sourceRange: [10.0.0.0/8]}",
    "basicAuth": '{users: ["name:hash"]}',
    "sticky": "{cookie: {name: instance}}",
    "healthCheck": "{path: /health}",
    "passiveHealthCheck": "{maxFailedAttempts: 3}",
    "strategy": "p2c",
    "mirror": "{service: other, percent: 10}",
    "canary": '{version: "2.0", weight: 10}',
    "failover": "{service: other}",
    "envelope": "{}",
    "plugin": "{name: {setting: value}}",
    "sourceCriterion": "{consumer: true}",
    "ipStrategy": "{depth: 1}",
    "cookie": "{name: instance}",
    "fields": "{code: status}",
}
_DEFAULTS = "{}"
_QUOTED = "must be text: put it in quotes"


def policy_errors(policies: Mapping[str, Any], *, has_preset: bool) -> list[str]:
    """List what is wrong, each with its place; the values themselves are for the gateway to judge.

    Null switches off what a preset gives, so that it makes no sense without one.
    """
    return [
        f"policies.{place}: {problem}"
        for place, problem in _policies(policies, has_preset=has_preset)
    ]


def _policies(policies: Mapping[str, Any], *, has_preset: bool) -> Iterator[tuple[str, str]]:
    hints = _hints(Policies)
    for name, value in policies.items():
        if name not in hints:
            yield name, unknown(name, hints)
        elif value is not None:
            yield from _problems(name, hints[name], value)
        elif not has_preset:
            yield name, _empty(name)


def _empty(name: str) -> str:
    what = "For its defaults write" if EXAMPLES[name] == _DEFAULTS else "Write it as in"
    return (
        "is empty, which would switch off what a preset gives, and no preset is named here."
        f" {what}: {name}: {EXAMPLES[name]}"
    )


def _problems(place: str, hint: Any, value: object) -> Iterator[tuple[str, str]]:
    name = place.rpartition(".")[2]
    if is_typeddict(hint):
        yield from _of_fields(place, hint, value)
    elif get_origin(hint) is Annotated and not isinstance(value, str):
        yield place, f"must be {hint.__metadata__[0]}"
    elif hint is str and not isinstance(value, str):
        yield place, _QUOTED if isinstance(value, int | float) else "must be text"
    elif get_args(hint) == (str,):
        yield from _of_list(place, value)
    elif name == "plugin" and not isinstance(value, dict):
        yield place, f"must be fields, such as {EXAMPLES[name]}"


def _of_fields(place: str, kind: Any, value: object) -> Iterator[tuple[str, str]]:
    hints = _hints(kind)
    if not isinstance(value, dict):
        yield place, _not_fields(place.rpartition(".")[2], kind, value)
        return
    for name, inner in value.items():
        if name not in hints:
            yield f"{place}.{name}", unknown(name, hints)
        elif inner is not None:
            yield from _problems(f"{place}.{name}", hints[name], inner)


def _of_list(place: str, value: object) -> Iterator[tuple[str, str]]:
    if not isinstance(value, list):
        yield place, f"must be a list, such as [{json.dumps(str(value))}]"
        return
    for each in value:
        if not isinstance(each, str):
            yield place, "must be a list of texts: put each in quotes"
            return


def _not_fields(name: str, kind: Any, value: object) -> str:
    if value is False:
        return "to have none of it, leave it out; to switch off a preset's, write null"
    if EXAMPLES[name] == _DEFAULTS:
        return f"write {name}: {_DEFAULTS}"
    needed = tuple(kind.__required_keys__)
    if len(needed) == 1 and type(value) is _hints(kind)[needed[0]]:
        return f"write {name}: {{{needed[0]}: {_flow(value)}}}"
    return f"must be fields, such as {EXAMPLES[name]}"


def _flow(value: object) -> str:
    """Write a value as it can stand between braces."""
    is_plain = re.fullmatch(r"[\w-]+", str(value)) is not None
    return str(value) if is_plain else json.dumps(value, ensure_ascii=False)


def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind, include_extras=True)
    return {name: _bare(hint) for name, hint in hints.items()}


def _bare(hint: Any) -> Any:
    """Take off what says whether a field is needed, and `None` for a whole policy."""
    inner = get_args(hint)[0] if get_origin(hint) is Required else hint
    others = [each for each in get_args(inner) if each is not type(None)]
    return others[0] if type(None) in get_args(inner) and len(others) == 1 else inner
