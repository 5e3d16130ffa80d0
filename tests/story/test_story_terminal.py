"""``cmlp story`` on terminals: every screen fits every width and encoding, and the keys work."""

import os
import re
import subprocess
import sys

import pytest
from terminals import Pty, terminal

from cmlp.command import main as cli
from cmlp.console.terminal import visible
from cmlp.story.page import table_lines
from cmlp.story.pages import fitted, packed
from cmlp.story.story import N_SCREENS, Story, _suggestion_lines
from cmlp.story.tale import Tale

pytestmark = pytest.mark.usefixtures("columns")
posix = pytest.mark.skipif(sys.platform == "win32", reason="ptys are POSIX")


# --------------------------------------------------------------------------------------------------- every terminal


def test_tables_lose_their_last_columns():
    rows = [["name", "one", "two"], ["a", "1", "22"]]
    assert table_lines(rows, 80) == ["  name  one  two", "  a       1   22"]
    assert table_lines(rows, 15) == ["  name  one", "  a       1"]
    assert table_lines(rows, 3) == ["  name", "  a"]


def test_long_screens_lose_empty_lines_first():
    lines = ["a", "", "b", "", "c"]
    assert fitted(lines, 5) == [lines]
    assert fitted(lines, 4) == [["a", "", "b", "c"]]
    assert fitted(lines, 3) == [["a", "b", "c"]]
    assert fitted(lines, 2) == [["a", ""], ["b", ""], ["c"]]


@pytest.mark.slow
@pytest.mark.parametrize(
    "seed, width, colors, blocks",
    [
        (0, 80, 0, True),
        (0, 60, 0, False),
        (0, 60, 2**24, True),
        (0, 120, 256, False),
        (0, 40, 0, True),
        (7, 80, 0, True),
    ],
)
def test_every_screen_fits_every_terminal(tale, seed, width, colors, blocks, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    story = Story(Tale(seed) if seed else tale, terminal(colors=colors, blocks=blocks), "cmlp")
    for number in range(N_SCREENS):
        lines = story.page(number)
        assert width == 40 or max(len(visible(line)) for line in lines) <= min(width, 79), (number + 1, width)
        assert blocks or all(visible(line).isascii() for line in lines)
        assert bool(colors) == ("\x1b" in "".join(lines))
        if width >= 60:
            assert visible(lines[0]).endswith(f" {number + 1}/24")
            assert len(visible(lines[0])) == min(width, 79)
        if width >= 80:
            assert len(fitted(lines, 23)) == 1, f"screen {number + 1} does not fit on 24 lines"
    words = " ".join(story.words(N_SCREENS - 1))
    assert all(word in words for word in ("gradient:", "bias:", "overfitting:"))


@pytest.mark.slow
def test_whole_story_in_a_pipe():
    done = subprocess.run(
        [sys.executable, "-m", "cmlp", "story"],
        capture_output=True,
        env={**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        check=True,
        timeout=120,
    )
    assert done.stderr == b"" and done.stdout.isascii()
    text = done.stdout.decode()
    assert re.findall(r"(\d+)/24$", text, re.MULTILINE) == [str(n + 1) for n in range(24)]
    assert "https://www.3blue1brown.com/topics/neural-networks" in text
    assert text.rstrip().endswith("print(right.mean())  # 0.889")


def test_suggestions_fit_the_width():
    assert _suggestion_lines("cmlp look 3", "cmlp", 60) == ["try: cmlp look 3"]
    assert _suggestion_lines("net.cost(X, y)", "cmlp", 60) == ["in Python: net.cost(X, y)"]
    lines = _suggestion_lines("python -m cmlp digits --rate 15 --batch 10", "python -m cmlp", 30)
    assert lines == ["try:", "  python -m cmlp digits \\", "  --rate 15 --batch 10"]


def test_story_can_start_at_a_screen(capsys):
    assert cli.main(["story", "--screen", "24", "--seed", "4294967295"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("The examination") and text.count("/24") == 1 and "RandomState(4294967295)" in text
    with pytest.raises(SystemExit):
        cli.main(["story", "--screen", "25"])


# ------------------------------------------------------------------------------------------------------------- keys


def shows(story, *texts):
    """Wait until all texts have appeared since the last call; return what was written since then."""
    return story.wait_for("(?s)" + "".join(f"(?=.*{re.escape(text)})" for text in texts) + ".*")


def press(story, keys, *texts):
    story.press(keys)
    return shows(story, *texts)


@posix
def test_keys():
    with Pty("story", "--screen", "16") as story:
        shows(story, "16/24", "Ten wishes", "space next", "\x1b[?1049h")
        press(story, " ", "17/24", "Three ways", "q quit")
        press(story, "?", "What is ...", "wish for a sum:", "any other key more")
        press(story, "x", "neuron:", "any key back")
        press(story, "x", "17/24")
        press(story, "b", "16/24")
        press(story, "\x1b[C", "17/24")
        before = len(story.written)
        story.press("q")
        status, written = story.end(seconds=60)
    after = written[before:]
    assert status == 0
    assert "\x1b[?1049l" in after
    assert "To go on: python -m cmlp story --screen 17" in after
    assert "3Blue1Brown" in after


@posix
def test_home_end_and_numbers_move():
    with Pty("story", "--screen", "3") as story:
        shows(story, " 3/24")
        press(story, "\x1b[H", " 1/24")
        press(story, "\x1b[4~", "24/24")
        press(story, "1", " 1/24")
        press(story, "1", "11/24")
        press(story, "b", "10/24")
        press(story, "9", " 9/24")
        story.press("q")
        assert story.end(seconds=60)[0] == 0


@posix
def test_resized_screens_are_wrapped_anew():
    with Pty("story", "--screen", "3") as story:
        shows(story, " 3/24")
        before = len(story.written)
        story.resize(60, 30)
        shows(story, " 3/24")
        story.press("q")
        story.end(seconds=60)
    lines = story.written[before:].rpartition("\x1b[H")[2].partition("\x1b[J")[0].split("\x1b[K")
    assert max(len(visible(line).strip()) for line in lines) <= 60
    assert "its activation." in " ".join(visible(" ".join(lines)).split())


@posix
def test_t_runs_what_a_screen_suggests_and_comes_back():
    with Pty("story", "--screen", "13") as story:
        shows(story, "13/24")
        press(story, "t", ">>> net.cost(X_test[7:8], [9])", "any key: back to the story")
        press(story, "x", "13/24")
        press(story, "1", " 1/24")
        press(story, "t", "$ python -m cmlp look 3", "training", "q end")
        press(story, "q", "any key: back to the story")
        press(story, "x", " 1/24")
        story.press("q")
        assert story.end(seconds=60)[0] == 0


@posix
def test_look_is_shown_in_parts_on_low_terminals():
    with Pty("look", "9") as look:
        first = shows(look, "it says 9", "1/2   space more")
        assert "weighted" not in first and "▀" in first
        look.press(" ")
        shows(look, "2/2   space end")
        look.press(" ")
        status, written = look.end(seconds=60)
    assert status == 0 and written.count("\x1b[?1049h") == 1
    assert "it says 9" in written.rpartition("\x1b[?1049l")[2]


def test_sections_are_packed_into_parts():
    sections = [["a", "b"], ["c"], ["d", "e", "f"]]
    assert packed(sections, 10) == [["a", "b", "", "c", "", "d", "e", "f"]]
    assert packed(sections, 4) == [["a", "b", "", "c"], ["d", "e", "f"]]
    assert packed(sections, 2) == [["a", "b"], ["c"], ["d", "e"], ["f"]]


@pytest.mark.slow
@posix
def test_low_terminals_get_screens_in_parts():
    with Pty("story", "--screen", "17", lines=12) as story:
        shows(story, "17/24", "space more")
        first = press(story, " ", "q quit")
        press(story, "b", "17/24")
        assert "17/24" not in first
        story.press("q")
        assert story.end(seconds=60)[0] == 0


@pytest.mark.slow
@posix
def test_last_screen_ends_with_the_program():
    with Pty("story", "--screen", "24") as story:
        shows(story, "24/24")
        press(story, " ", "This very network in Python")
        status, written = story.end(seconds=60)
    assert status == 0
    assert "To go on" not in written and "# 0.889" in written
