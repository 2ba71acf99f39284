"""The allowance, on a clock that the test moves."""

import pytest

from exeat.audit.recorder.budget import FINISH, Budget
from exeat.errors import BadInput


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def spend(budget, clock, task, seconds):
    with budget.own(task):
        clock.now += seconds


def test_nothing_is_affordable_before_training_has_paid_for_it():
    clock = Clock()
    budget = Budget(0.05, clock)
    assert not budget.affords("look")
    clock.now += 100
    assert budget.affords("look")


@pytest.mark.parametrize(("epoch", "look", "share"), [(0.02, 0.003, 0.05), (1.0, 0.04, 0.05), (0.5, 2.0, 0.1)])
def test_measuring_stays_within_its_share_whatever_an_epoch_costs(epoch, look, share):
    clock = Clock()
    budget = Budget(share, clock)
    spend(budget, clock, "start", 0.01)
    looks = 0
    for _ in range(2000):
        clock.now += epoch
        for task, cost in (("look", look), ("gradients", 4 * look), ("file", look)):
            if budget.affords(task):
                spend(budget, clock, task, cost)
                looks += task == "look"
    assert looks > 0
    assert budget.spent + FINISH <= share * budget.training
    assert budget.training == pytest.approx(2000 * epoch)


def test_expensive_gradients_leave_looks_their_part():
    clock = Clock()
    budget = Budget(0.1, clock)
    looks = 0
    for _ in range(1000):
        clock.now += 1.0
        for task, cost in (("gradients", 5.0), ("look", 0.05)):
            if budget.affords(task):
                spend(budget, clock, task, cost)
                looks += task == "look"
    assert looks > 900


def test_a_task_inside_another_counts_once():
    clock = Clock()
    budget = Budget(0.5, clock)
    with budget.own("line"):
        clock.now += 1
        spend(budget, clock, "look", 2)
        clock.now += 3
    assert budget.spent == pytest.approx(6)
    assert budget.training == pytest.approx(0)


def test_time_counts_when_the_task_fails():
    clock = Clock()
    budget = Budget(0.5, clock)

    def fail():
        with budget.own("look"):
            clock.now += 2
            raise ValueError

    with pytest.raises(ValueError):
        fail()
    assert budget.spent == pytest.approx(2)


@pytest.mark.parametrize("share", [0, -1, 1.5])
def test_a_share_without_meaning_is_refused(share):
    with pytest.raises(BadInput):
        Budget(share)
