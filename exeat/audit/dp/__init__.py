"""Differential privacy, claimed against measured.

For a risk report::

    from exeat.audit.dp import CanaryScores, dp_indicators

    found = dp_indicators(manifest.dp, canaries=CanaryScores(scores, inside, "logit gap"), access=Access.API_CONF)

``dp_indicators(claim, *, canaries=None, scores=None, access=Access.API_CONF, level=0.95, seed=0) -> list[Indicator]``
gives ``dp.epsilon`` by the PLD and the RDP accountant, and ``dp.epsilon_lower`` with its ceiling and the policy's
verdict (consistent, violated, uninformative, not claimed) in ``attack_params`` and, as a sentence, in ``bound_note``.
``canaries`` hold one score and one coin per canary of *one* training run; exeat/audit/canaries.py makes such canaries,
gradient_canaries.py those for a white box, and ``CanaryScores.of(inserted, left_out, signal)`` takes both sides apart.
``scores`` are those of any membership attack, for targets without canaries. One of the two is used, canaries first.
"""

from exeat.audit.dp.accounting import epsilon_indicators
from exeat.audit.dp.guesses import CanaryScores, OneRun, Try, best_bound
from exeat.audit.dp.report import dp_indicators
from exeat.audit.dp.tradeoff import Gaussian, PureCurve, SampledGaussian
from exeat.audit.dp.verdict import Verdict, judge

__all__ = [
    "CanaryScores",
    "Gaussian",
    "OneRun",
    "PureCurve",
    "SampledGaussian",
    "Try",
    "Verdict",
    "best_bound",
    "dp_indicators",
    "epsilon_indicators",
    "judge",
]
