from decimal import Decimal

import numpy as np
import pytest
import torch
from scipy.stats import binom, kstest

from exeat.audit import canaries
from exeat.audit.canaries import (
    canary_records,
    exposure_ceiling,
    exposure_indicator,
    exposures,
    extraction_indicator,
    median_interval,
    pad_inputs,
    ranks,
    spare_input_records,
    uniform_ranks,
)
from exeat.errors import BadInput
from exeat.model.risk_report import Indicator


def test_mislabelled_canaries_have_wrong_labels_and_a_fair_coin_each():
    x, y = torch.arange(400.0)[:, None], torch.arange(400) % 7
    found = canary_records(x, y, 300, seed=3)
    own = found.records.x[:, 0].long()
    assert len(set(own.tolist())) == 300
    assert (found.records.y != y[own]).all()
    assert set(found.records.y.tolist()) == set(range(7))
    assert 110 < found.inside.sum() < 190
    assert len(found.included()) == found.inside.sum()
    assert torch.equal(found.included().x, found.records.x[torch.from_numpy(found.inside)])


def test_coins_come_from_the_seed():
    x, y = torch.zeros(50, 2), torch.arange(50) % 2
    same = [canary_records(x, y, 40, seed=seed).inside for seed in (1, 1, 2)]
    assert (same[0] == same[1]).all()
    assert (same[0] != same[2]).any()


def test_each_spare_input_belongs_to_one_canary():
    found = spare_input_records(3, 20, seed=0, n_classes=2, size=5.0)
    people = pad_inputs(torch.ones(4, 3), 20)
    assert found.records.x.shape == (20, 23)
    assert people.shape == (4, 23)
    assert (found.records.x @ found.records.x.T == 25 * torch.eye(20)).all()
    assert (found.records.x @ people.T == 0).all()


@pytest.mark.parametrize(("make", "sentence"), [
    (lambda: canary_records(torch.zeros(5, 2), torch.arange(5), 6, 0), "6 mislabelled canaries"),
    (lambda: canary_records(torch.zeros(5, 2), torch.zeros(5).long(), 2, 0), "1 classes"),
    (lambda: spare_input_records(3, 0, 0, n_classes=2), "0 canaries"),
    (lambda: pad_inputs(torch.zeros(2, 3, 3), 4), "flat"),
    (lambda: ranks(np.zeros(0), np.zeros(3)), "at least one"),
    (lambda: ranks(np.array([np.nan]), np.zeros(3)), "no finite score"),
])  # fmt: skip
def test_what_cannot_be_made_or_scored_is_refused(make, sentence):
    with pytest.raises(BadInput, match=sentence):
        make()


def test_rank_and_exposure_by_hand():
    references = np.array([-1.0, -2.0, -3.0, -4.0, -5.0, -6.0, -7.0])
    found = np.array([0.0, -1.5, -3.0, -9.0])
    assert ranks(found, references).tolist() == [1, 2, 4, 8]
    assert exposures(found, references).tolist() == [3, 2, 1, 0]
    assert exposure_ceiling(7) == 3


def test_a_constant_model_exposes_nothing():
    assert exposures(np.zeros(5), np.zeros(1023)).tolist() == [0.0] * 5


def test_never_inserted_secrets_follow_their_null():
    rng = np.random.default_rng(0)
    scores, references = rng.normal(size=3000), rng.normal(size=(3000, 63))
    bits = exposures(scores, references)
    for k in (1, 2, 4, 6):
        assert (bits >= k).mean() == pytest.approx(2.0**-k, abs=3.5 * (2.0**-k / 3000) ** 0.5)
    assert kstest(uniform_ranks(scores, references), "uniform").pvalue > 0.01
    rounded = uniform_ranks(np.round(scores), np.round(references))
    assert kstest(rounded, "uniform").pvalue > 0.01  # ties do not matter
    assert kstest(uniform_ranks(scores + 0.2, references), "uniform").pvalue < 1e-6


@pytest.mark.parametrize("n", [6, 9, 20, 41])
def test_the_interval_of_the_median_is_the_narrowest_exact_one(n):
    low, high = median_interval(np.arange(n, dtype=float))
    below = int(low)
    assert high == n - 1 - below
    assert 2 * binom.cdf(below, n, 0.5) <= 0.05 < 2 * binom.cdf(below + 1, n, 0.5)
    assert median_interval(np.arange(5.0)) is None


def test_memorized_canaries_stand_out_and_forgotten_ones_do_not():
    rng = np.random.default_rng(1)
    references = rng.normal(size=2047)
    kept = exposure_indicator(rng.normal(2.5, 0.7, 30), references)
    lost = exposure_indicator(rng.normal(size=30), references)
    assert kept.ci_low > 4
    assert kept.p_value < Decimal("1e-6")
    assert lost.ci_low <= 1 <= lost.ci_high
    assert lost.p_value > Decimal("0.01")
    assert Indicator.model_validate_json(kept.model_dump_json()) == kept


def test_no_exposure_stands_at_its_ceiling_unflagged():
    references = np.random.default_rng(1).normal(size=2047)
    found = exposure_indicator(np.full(10, 99.0), references)
    assert found.value == 11
    assert found.attack_params["at_ceiling"] == "true"
    assert "value = ceiling" in found.bound_note
    assert (found.ci_low, found.ci_high) == (None, None)
    few = exposure_indicator(np.full(10, 99.0), references[:100])
    assert (few.status, few.value) == ("not_measured", None)
    assert "at least 6.66 bits" in few.reason
    half = exposure_indicator(np.r_[np.full(4, 99.0), np.linspace(2, 2.2, 6)], references)
    assert half.attack_params["canaries_at_ceiling"] == "4"
    assert half.ci_high is None
    assert "its upper end is the ceiling" in half.bound_note
    assert "too few" in exposure_indicator(np.zeros(3), references).bound_note


def test_recited_sequences_are_counted_with_their_interval():
    known = [[1, 2, 3, 4], [5, 6, 7, 8], [9, 9, 1, 1]]
    book = {(1, 2): [3, 4], (5, 6): [7, 8, 9], (9, 9): [1, 2]}
    found = extraction_indicator(lambda prefix, length: book.get(tuple(prefix), [0] * length), known, 2,
                                 controls=[[4, 4, 4, 4]])  # fmt: skip
    assert (found.n_events, found.n_in, found.baseline_value) == (2, 3, 0)
    assert found.ci_low < found.value < found.ci_high
    assert found.value == Decimal("0.666666667")
    with pytest.raises(BadInput, match="longer than their prefix"):
        extraction_indicator(lambda p, n: p, [[1, 2]], 2)


DIGITS, LETTERS = 10, 16


class CharacterModel(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Embedding(DIGITS + LETTERS, 16)
        self.gru = torch.nn.GRU(16, 64, batch_first=True)
        self.out = torch.nn.Linear(64, DIGITS + LETTERS)

    def forward(self, tokens):
        return self.out(self.gru(self.embed(tokens))[0])


def secret_lines(rng, n):
    """Lines of one form: a fixed head of 8 letters, then 6 random digits."""
    head = np.tile(np.arange(DIGITS, DIGITS + 8), (n, 1))
    return torch.from_numpy(np.concatenate([head, rng.integers(0, DIGITS, (n, 6))], axis=1))


def other_lines(rng, n):
    """Text with structure to learn: letters that follow each other, and digits that count up."""
    start = rng.integers(0, LETTERS, (n, 1))
    letters = DIGITS + (start + np.arange(8)) % LETTERS
    counting = (rng.integers(0, DIGITS, (n, 1)) + np.arange(6)) % DIGITS
    return torch.from_numpy(np.concatenate([letters, counting], axis=1))


@pytest.fixture(scope="module")
def trained():
    """One GRU on lines with canaries that stand in them 0, 1, 4 and 16 times, eight canaries each."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    planted = {times: secret_lines(rng, 8) for times in (0, 1, 4, 16)}
    text = torch.cat([other_lines(rng, 300), *(lines.repeat(times, 1) for times, lines in planted.items())])
    model = CharacterModel()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(10):
        for batch in torch.randperm(len(text)).split(64):
            logits = model(text[batch, :-1])
            loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), text[batch, 1:].flatten())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model, planted, secret_lines(rng, 2047)


def test_exposure_rises_with_repetition_in_a_trained_character_model(trained):
    model, planted, others = trained
    references = canaries.log_likelihoods(model, others, 8)
    scores = {times: canaries.log_likelihoods(model, lines, 8) for times, lines in planted.items()}
    median = {times: float(np.median(exposures(one, references))) for times, one in scores.items()}
    assert median[0] < 3
    assert median[0] + 1 < median[1] < median[4] < median[16]
    assert median[16] > 10
    assert exposure_indicator(scores[0], references).p_value > Decimal("0.01")
    assert exposure_indicator(scores[16], references).p_value < Decimal("1e-4")


def test_the_trained_model_recites_what_it_saw_often_and_no_control(trained):
    model, planted, others = trained
    told = extraction_indicator(canaries.greedy(model), planted[16].tolist(), 11, controls=others[:20].tolist())
    assert told.value > Decimal("0.5")
    assert told.baseline_value <= Decimal("0.1")


def test_each_canary_is_ranked_among_its_own_references_only():
    """Secrets of different kinds differ more between kinds than a planted one differs from its own."""
    rng = np.random.default_rng(0)

    def tail(planted):
        kind = 5 * rng.normal(size=(30, 1))
        canaries = (kind + planted + rng.normal(size=(30, 1)))[:, 0]
        return float(exposure_indicator(canaries, kind + rng.normal(size=(30, 200))).p_value)

    never, planted = ([tail(shift) for _ in range(150)] for shift in (0, 1))
    assert 0.01 <= np.mean(np.array(never) < 0.05) <= 0.1
    assert np.mean(np.array(planted) < 0.05) > 0.95


def test_a_p_value_at_its_floor_is_flagged():
    rng = np.random.default_rng(0)
    references = rng.normal(size=2000)
    sure = exposure_indicator(2 + 0.1 * rng.normal(size=40), references)
    assert sure.p_value == Decimal("1e-9")
    assert "p is given as 1e-9, it is smaller" in sure.bound_note
    assert "it is smaller" not in exposure_indicator(rng.normal(size=40), references).bound_note
