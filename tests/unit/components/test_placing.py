from hypothesis import given
from hypothesis import strategies as st

from components.charts.placing import BOX, HEIGHT, WIDTH, place

shares = st.floats(0.1, 0.9)


def boxes(points):
    offsets = place(points)
    return [
        (x * WIDTH + off.x, (1 - y) * HEIGHT + off.y) for (x, y), off in zip(points, offsets, strict=True)
    ]  # fmt: skip


def overlaps(boxes, room):
    return [
        (a, b)
        for i, a in enumerate(boxes)
        for b in boxes[i + 1 :]
        if abs(a[0] - b[0]) < room and abs(a[1] - b[1]) < room
    ]


@given(points=st.lists(st.tuples(shares, shares), min_size=1, max_size=9))
def test_up_to_nine_labels_never_cover_each_other(points):
    assert overlaps(boxes(points), BOX / 2) == []


def test_points_on_one_spot_have_labels_around_it():
    assert overlaps(boxes([(0.5, 0.5)] * 7), BOX * 0.8) == []


def test_a_label_stays_in_the_plot():
    for x, y in boxes([(0.02, 0.02), (0.98, 0.98), (0.02, 0.98), (0.98, 0.02)]):
        assert 0 <= x <= WIDTH
        assert 0 <= y <= HEIGHT


def test_nothing_to_place():
    assert place([]) == ()
