from exeat.audit.engine.progress import Progress, duration


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def going(**weights):
    lines, clock = [], Clock()
    return Progress(weights, lines.append, clock), lines, clock


def test_the_rest_follows_from_the_pace_so_far():
    progress, lines, clock = going(shadows=80.0, attacks=20.0)
    progress.start("shadows")
    clock.now = 32.0
    progress.part(1, 5)
    assert lines == ["[  0 %] shadows, about 2 min left", "[ 16 %] shadows, 20 % of them, about 3 min left"]
    clock.now = 160.0
    progress.finish()
    progress.start("attacks")
    assert lines[-1] == "[ 80 %] attacks, about 40 s left"


def test_what_was_found_on_disk_does_not_count_for_the_pace():
    progress, lines, clock = going(shadows=100.0)
    progress.start("shadows")
    clock.now = 0.5
    progress.part(80, 100)
    clock.now = 10.5
    progress.part(90, 100)
    assert lines[-1] == "[ 90 %] shadows, 90 % of them, about 10 s left"


def test_lines_do_not_flood():
    progress, lines, clock = going(shadows=10.0)
    progress.start("shadows")
    for step in range(1, 101):
        clock.now = step / 10
        progress.part(step, 100)
    assert len(lines) < 8
    progress.end()
    assert lines[-1] == "[100 %] done"


def test_a_stage_that_nobody_estimated_is_shown_without_a_promise():
    progress, lines, _ = going()
    progress.start("shadows")
    progress.finish()
    assert lines == ["[  0 %] shadows"]


def test_durations_read_as_people_say_them():
    assert [duration(s) for s in (0.2, 59, 89.4, 91, 3600, 5401, 9000)] == [
        "0 s", "59 s", "89 s", "2 min", "60 min", "1 h 31 min", "2 h 30 min",
    ]  # fmt: skip
