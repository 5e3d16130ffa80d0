"""Bar charts drawn with characters."""

from cmlp.console.charts import bar_chart, beside, thinned


def test_bars_have_the_heights_of_their_values():
    lines = bar_chart([0, 1, 5, 8, 12, 16, 99], (0, 16), ("0", "16"), 2, blocks=True)
    assert lines == ["16 │    ▄██", " 0 │▁▁▅████"]


def test_bars_without_block_characters():
    assert bar_chart([0, 8, 16], (0, 16), ("lo", "hi"), 2, blocks=False) == ["hi |  #", "lo |###"]


def test_bars_of_equal_values():
    assert bar_chart([2, 2], (2, 2), ("2", "2"), 1, blocks=True) == ["2 │▁▁"]


def test_thinned_values_keep_the_ends():
    assert thinned([1, 2, 3], 5) == [1, 2, 3]
    assert thinned(range(100), 4) == [0, 33, 66, 99]


def test_blocks_of_lines_side_by_side():
    assert beside(["ab", "c"], ["1", "22", "333"], gap=1) == ["ab 1", "c  22", "   333"]
