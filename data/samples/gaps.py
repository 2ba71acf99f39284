"""The honest gaps and the deliberate mistakes of the sample manifests; data/README.md lists each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Fields = dict[str, Any]


def _no_pia(fields: Fields) -> None:
    for key in ("pia_ref", "pia_status", "pia_review_due", "dpo_opinion"):
        del fields["governance"][key]


def _no_erasure_check(fields: Fields) -> None:
    for source in fields["data_sources"]:
        del source["erasure_check_date"]


def _onco_v1(fields: Fields) -> None:
    """Leave out what came later: impact assessment and erasure check."""
    _no_pia(fields)
    _no_erasure_check(fields)


def _glyco_v1(fields: Fields) -> None:
    """Leave out the digest of the extract, which nobody recorded."""
    for source in fields["data_sources"]:
        del source["digest"]


def _glyco_v2(fields: Fields) -> None:
    """Leave the opinion of the data protection officer pending."""
    fields["governance"]["pia_status"] = "doing"
    fields["governance"]["dpo_opinion"] = "pending"


def _glyco_v4(fields: Fields) -> None:
    """Claim epsilon 1, DELIBERATELY WRONG: its own parameters do not support it."""
    fields["dp"]["epsilon"] = "1.00"
    fields["dp"]["statement"] = "DELIBERATELY WRONG sample: the parameters below support about five, not one."


def _digits_v1(fields: Fields) -> None:
    """Leave out how access is revoked, which nobody wrote down."""
    fields["retention"]["revocation_procedure"] = ""
    del fields["retention"]["escrow"]


GAPS: dict[str, Callable[[Fields], None]] = {
    "onco-mlp-v1": _onco_v1,
    "glyco-mlp-v1": _glyco_v1,
    "glyco-mlp-v2": _glyco_v2,
    "glyco-mlp-v4": _glyco_v4,
    "digits-mlp-v1": _digits_v1,
}
