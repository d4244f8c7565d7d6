"""Policies on how much: requests, bodies, bytes on the wire."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from sidecar.kit.values import Flag, Whole
from sidecar.registry.policies.fields import TOKEN, BodyBytes, Duration, Policy, SourceCriterion

_MOST = 1_000_000
Encoding = Literal["gzip", "br", "zstd"]


def _media_type(value: str) -> str:
    kind, slash, rest = value.partition("/")
    if not (slash and TOKEN.fullmatch(kind) and TOKEN.fullmatch(rest)):
        raise ValueError("must be a media type such as application/json")
    return value


MediaType = Annotated[str, AfterValidator(_media_type)]


def _one_criterion(criterion: SourceCriterion | None) -> None:
    if criterion is not None and len(criterion.model_dump(exclude_none=True)) != 1:
        raise ValueError(
            "sourceCriterion: give one of consumer, ipStrategy, requestHeaderName, requestHost"
        )


class RateLimit(Policy):
    """At most `average` requests in a `period`, and `burst` at once; counted for each caller.

    Each edge counts for itself. `shared` counts in Valkey for all edges, and answers 500 while
    Valkey is away.
    """

    average: Whole = Field(ge=1, le=_MOST)
    period: Duration = "1s"
    burst: Whole = Field(1, ge=1, le=_MOST)
    source_criterion: SourceCriterion | None = Field(
        None, description="By default the consumer where `keyauth` is on, and the address else."
    )
    shared: Flag = False

    @model_validator(mode="after")
    def _by_one(self) -> Self:
        _one_criterion(self.source_criterion)
        return self


class InFlightReq(Policy):
    """At most `amount` requests at once; counted for all callers, or for each."""

    amount: Whole = Field(ge=1, le=_MOST)
    source_criterion: SourceCriterion | None = None

    @model_validator(mode="after")
    def _by_one(self) -> Self:
        _one_criterion(self.source_criterion)
        return self


class Buffering(Policy):
    """The edge takes a whole request before the service sees it, and a whole answer; 0 is no limit.

    No streams get through: not for services that answer with events or tokens.
    """

    max_request_body_bytes: BodyBytes | None = None
    mem_request_body_bytes: BodyBytes | None = None
    max_response_body_bytes: BodyBytes | None = None
    mem_response_body_bytes: BodyBytes | None = None

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_dump(exclude_none=True):
            raise ValueError("maxRequestBodyBytes: give at least one limit")
        return self


class Compress(Policy):
    """Answers are compressed for callers that say they can read it."""

    encodings: list[Encoding] = Field(["gzip", "br", "zstd"], min_length=1, max_length=3)
    default_encoding: Encoding | None = None
    min_response_body_bytes: Whole | None = Field(None, ge=1, le=_MOST)
    excluded_content_types: list[MediaType] | None = Field(None, min_length=1, max_length=50)
    included_content_types: list[MediaType] | None = Field(None, min_length=1, max_length=50)

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.excluded_content_types and self.included_content_types:
            raise ValueError("includedContentTypes: give these or excludedContentTypes, not both")
        if self.default_encoding and self.default_encoding not in self.encodings:
            raise ValueError("defaultEncoding: must be one of encodings")
        return self
