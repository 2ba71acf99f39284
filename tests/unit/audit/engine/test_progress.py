from exeat.audit.engine.progress import Progress, duration


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


def test_the_rest_follows_from_the_work_done_so_far():
    lines, clock = [], Clock()
    progress = Progress(10.0, lines.append, clock)
    progress.start("shadow models")
    clock.now = 30.0
    progress.advance(2.0, "2 of 10")
    assert lines == ["[  0 %] shadow models", "[ 20 %] 2 of 10, about 2 min left"]


def test_what_was_found_on_disk_promises_nothing():
    lines, clock = [], Clock()
    progress = Progress(10.0, lines.append, clock)
    progress.start("shadow models")
    clock.now = 3.0
    progress.advance(8.0, "8 of 10 found", found=True)
    assert lines[-1] == "[ 80 %] 8 of 10 found"
    clock.now = 13.0
    progress.advance(1.0, "9 of 10")
    assert lines[-1] == "[ 90 %] 9 of 10, about 10 s left"


def test_lines_do_not_flood():
    lines, clock = [], Clock()
    progress = Progress(100.0, lines.append, clock)
    progress.start("go")
    for _ in range(99):
        clock.now += 0.1
        progress.advance(1.0, "step")
    assert len(lines) < 8
    progress.advance(1.0, "done")
    assert lines[-1] == "[100 %] done"


def test_durations_read_as_people_say_them():
    assert [duration(s) for s in (0.2, 59, 89.4, 91, 3600, 5401, 9000)] == [
        "0 s", "59 s", "89 s", "2 min", "60 min", "1 h 31 min", "2 h 30 min",
    ]  # fmt: skip
