"""Tiers of trust, kinds of component and what may happen to a component."""

from __future__ import annotations

from enum import StrEnum


class Tier(StrEnum):
    """How far the receiver is trusted, lowest first."""

    T0 = "T0"
    T1 = "T1"
    T2 = "T2"
    T3 = "T3"
    T4 = "T4"
    T5 = "T5"

    @property
    def rank(self) -> int:
        """Return 0 (public) … 5 (custodian)."""
        return int(self.value[1])

    @property
    def title(self) -> str:  # type: ignore[override]  # words for people; nobody title-cases an enum
        """Return the tier as people say it."""
        return TIER_TITLES[self]


TIER_TITLES = {
    Tier.T0: "public",
    Tier.T1: "registered",
    Tier.T2: "agreement",
    Tier.T3: "secure sandbox",
    Tier.T4: "enclave or audit",
    Tier.T5: "custodian",
}


class ComponentKind(StrEnum):
    """A part of a checkpoint that can be released on its own."""

    WEIGHTS = "weights"
    ADAPTER = "adapter"
    OPTIMIZER_STATE = "optimizer_state"
    SCHEDULER = "scheduler"
    RNG_STATE = "rng_state"
    DIAGNOSTIC_LOG = "diagnostic_log"
    TRAINING_TRACE = "training_trace"
    GRADIENT = "gradient"
    INTERMEDIATE = "intermediate"
    EMBEDDING = "embedding"
    CONFIG = "config"
    TOKENIZER = "tokenizer"
    CODE = "code"
    EVAL_OUTPUT = "eval_output"
    SYNTHETIC_DATA = "synthetic_data"
    SURROGATE = "surrogate"
    DOCS = "docs"

    @property
    def title(self) -> str:  # type: ignore[override]  # words for people; nobody title-cases an enum
        """Return the kind as people say it: ``optimizer state``."""
        return self.value.replace("_", " ")


class Disposition(StrEnum):
    """In what form a component may go to a tier, most open first."""

    ALLOWED = "allowed"
    AGGREGATED = "aggregated"
    MASKED = "masked"
    QUERY_ONLY = "query_only"
    SANDBOX = "sandbox"
    ESCROW = "escrow"
    DENIED = "denied"

    @property
    def openness(self) -> int:
        """Return 6 (allowed) … 0 (denied): how much leaves."""
        return len(Disposition) - 1 - list(Disposition).index(self)

    @property
    def title(self) -> str:  # type: ignore[override]  # words for people; nobody title-cases an enum
        """Return the disposition as people say it."""
        return self.value.replace("_", " ")


class Access(StrEnum):
    """What an adversary sees of the model, weakest first."""

    API_LABEL = "api_label"
    API_CONF = "api_conf"
    WHITE_BOX = "white_box"
    TRACE = "trace"

    @property
    def strength(self) -> int:
        """Return 0 (labels only) … 3 (training trace)."""
        return list(Access).index(self)
