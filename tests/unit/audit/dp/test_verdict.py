import math

import pytest

from exeat.audit.dp.verdict import judge
from exeat.policy.epsilon_verdict import EpsilonVerdict as Word


@pytest.mark.parametrize(("claim", "bound", "ceiling", "word"), [
    (1.0, 1.4, 5.0, Word.VIOLATED),
    (1.0, 1.0, 5.0, Word.CONSISTENT),
    (1.0, 0.2, 5.0, Word.CONSISTENT),
    (8.0, 3.49, 3.49, Word.UNINFORMATIVE),  # could never have refuted 8
    (3.49, 3.49, 3.49, Word.UNINFORMATIVE),
    (1.0, 0.0, 5.0, Word.UNINFORMATIVE),  # guessing
    (None, 2.0, 5.0, Word.NOT_CLAIMED),
])  # fmt: skip
def test_verdicts(claim, bound, ceiling, word):
    assert judge(claim, bound, ceiling).word is word


def test_each_sentence_names_the_figures_a_steward_needs():
    violated = judge(1.0, 2.0, 5.8).sentence
    assert "epsilon 1 does not hold" in violated
    assert "at least 2.00" in violated
    assert "at most 5.80" in violated
    assert f"{math.e**2 / (1 + math.e**2):.0%} sure" in violated
    assert "only 3.49" in judge(8.0, 1.0, 3.49).sentence
    assert "no better than guessing" in judge(1.0, 0.0, 3.49).sentence
    assert "No epsilon is claimed. The attack shows an epsilon of at least 1.00" in judge(None, 1.0, 3.49).sentence
    assert "stands so far" in judge(3.0, 1.0, 3.49).sentence
