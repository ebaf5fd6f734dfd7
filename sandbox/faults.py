"""The faults that can be asked for, as data checked on arrival. Their parameters are described in docs/sandbox.md."""

from __future__ import annotations

from random import Random
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

_Milliseconds: TypeAlias = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class FaultError(ValueError):
    """A fault that cannot be: the message says which parameter, and what is right."""


class _Fault(BaseModel):
    """What all faults share: when, how often and for whom they strike."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    label: str | None = None
    """A name for the page."""
    hub: str | None = None
    """Only requests for this hub; None is all."""
    for_seconds: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    """Ends by itself after this time."""
    share: Annotated[float, Field(ge=0, le=1)] = 1.0
    """The share of requests it strikes, at random."""
    count: Annotated[int, Field(ge=1)] | None = None
    """Strikes this many requests, then no more."""


class Latency(_Fault):
    """Delays a request before it is looked at; several latencies add up."""

    kind: Literal["latency"]
    distribution: Literal["fixed", "uniform", "lognormal"] = "fixed"
    ms: _Milliseconds | None = None
    """fixed: the delay."""
    min_ms: _Milliseconds | None = None
    """uniform: the shortest."""
    max_ms: _Milliseconds | None = None
    """uniform: the longest; lognormal: never longer than this, optional."""
    median_ms: _Milliseconds | None = None
    """lognormal: half of the delays are below."""
    sigma: Annotated[float, Field(ge=0, le=10)] | None = None
    """lognormal: the spread (standard deviation of the logarithm)."""

    @model_validator(mode="after")
    def _complete(self) -> Latency:
        needed, optional = _DISTRIBUTIONS[self.distribution]
        for name in ("ms", "min_ms", "max_ms", "median_ms", "sigma"):
            given = getattr(self, name) is not None
            if given and name not in needed | optional:
                raise ValueError(f"{name} is not a parameter of the {self.distribution} distribution")
            if not given and name in needed:
                raise ValueError(f"the {self.distribution} distribution needs {name}")
        if self.distribution == "uniform" and (self.min_ms or 0) > (self.max_ms or 0):
            raise ValueError("min_ms must not be above max_ms")
        return self

    def seconds(self, rng: Random) -> float:
        """One delay."""
        if self.distribution == "uniform":
            return rng.uniform(self.min_ms or 0, self.max_ms or 0) / 1000
        if self.distribution == "lognormal":
            delay = (self.median_ms or 0) * rng.lognormvariate(0, self.sigma or 0)
            return (delay if self.max_ms is None else min(delay, self.max_ms)) / 1000
        return (self.ms or 0) / 1000


_DISTRIBUTIONS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    "fixed": (frozenset({"ms"}), frozenset()),
    "uniform": (frozenset({"min_ms", "max_ms"}), frozenset()),
    "lognormal": (frozenset({"median_ms", "sigma"}), frozenset({"max_ms"})),
}
"""Distribution to the parameters it needs and those it may have."""


class Status(_Fault):
    """Answers with a status code."""

    kind: Literal["status"]
    status: Annotated[int, Field(ge=200, le=599)]
    body: Any = None
    """Text goes out as it is, anything else as JSON; an error object when absent."""
    store: bool = False
    """Accept the leads first: the answer lies."""


class Throttle(_Fault):
    """Answers 429 or 503 with Retry-After."""

    kind: Literal["throttle"]
    status: Literal[429, 503] = 429
    retry_after: Annotated[int, Field(ge=0, le=31_536_000)] = 1
    """Seconds."""
    form: Literal["seconds", "http-date"] = "seconds"


class BodyZero(_Fault):
    """Answers 200 with the body ``0``, as older uContact APIs do for an error; stores nothing."""

    kind: Literal["body_zero"]


class AcceptThenDrop(_Fault):
    """Stores the leads, then closes the connection without an answer."""

    kind: Literal["accept_then_drop"]


class DropBefore(_Fault):
    """Closes the connection once the request is read; stores nothing."""

    kind: Literal["drop_before"]


class Hang(_Fault):
    """Reads the request and does not answer until the fault ends or the client leaves."""

    kind: Literal["hang"]
    store: bool = False
    """Accept the leads before hanging; otherwise the request is looked at when the fault ends."""


class RejectLead(_Fault):
    """Rejects every request that contains a lead."""

    kind: Literal["reject_lead"]
    lead: str
    """Its identity, as in the ledger."""
    status: Literal[400, 422] = 400


class TooLarge(_Fault):
    """Answers 413 to requests above a number of leads or bytes."""

    kind: Literal["too_large"]
    leads: Annotated[int, Field(ge=0)] | None = None
    bytes: Annotated[int, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _complete(self) -> TooLarge:
        if self.leads is None and self.bytes is None:
            raise ValueError("too_large needs leads or bytes")
        return self

    def strikes(self, leads: int, size: int) -> bool:
        """Whether a request of so many leads and bytes is above."""
        return (self.leads is not None and leads > self.leads) or (self.bytes is not None and size > self.bytes)


FaultSpec: TypeAlias = (
    Latency | Status | Throttle | BodyZero | AcceptThenDrop | DropBefore | Hang | RejectLead | TooLarge
)
_ADAPTER: TypeAdapter[FaultSpec] = TypeAdapter(Annotated[FaultSpec, Field(discriminator="kind")])


def parse_fault(value: object) -> FaultSpec:
    """Checks a decoded JSON value. Raises FaultError with every problem and its place."""
    try:
        return _ADAPTER.validate_python(value)
    except ValidationError as error:
        problems = []
        for problem in error.errors(include_url=False):
            # The first place is the union's member, i.e. the kind, which the client knows.
            place = ".".join(str(part) for part in problem["loc"][1:])
            problems.append(f"{place}: {problem['msg']}" if place else problem["msg"])
        raise FaultError("; ".join(problems)) from None
