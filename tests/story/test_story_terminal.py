"""``cmlp story`` on terminals: every screen fits every width and encoding, and the keys work."""

import os
import re
import subprocess
import sys

import pytest
from terminals import Pty, terminal

from cmlp import __main__ as cli
from cmlp._cli.terminal import visible
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
        pytest.param(0, 60, 0, False, marks=pytest.mark.full),
        (0, 60, 2**24, True),
        pytest.param(0, 120, 256, False, marks=pytest.mark.full),
        pytest.param(0, 40, 0, True, marks=pytest.mark.full),
        pytest.param(7, 80, 0, True, marks=pytest.mark.full),
    ],
)
def test_every_screen_fits_every_terminal(tale, seed, width, colors, blocks, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    story = Story(Tale(seed) if seed else tale, terminal(colors=colors, blocks=blocks), "cmlp")
    for number in range(N_SCREENS):
        lines = story.page(number)
        assert width == 40 or max(len(visible(line)) for line in lines) <= story.width, (number + 1, width)
        assert blocks or all(visible(line).isascii() for line in lines)
        assert bool(colors) == ("\x1b" in "".join(lines))
        if width >= 60:
            assert visible(lines[0]).endswith(f" {number + 1}/26")
            assert len(visible(lines[0])) == story.width == min(width - 1, 119)
        if width >= 80:
            assert len(fitted(lines, 23)) == 1, f"screen {number + 1} does not fit on 24 lines"
        if story.has_details(number):
            numbers = story.details(number)
            assert width == 40 or max(len(visible(line)) for line in numbers) <= story.width, number + 1
            assert width < 80 or len(fitted(numbers, 23)) == 1, f"numbers of screen {number + 1} do not fit"
        for setting in range(story.motion(number).settings):
            for moment in (0.0, 0.3, 0.6, 1.0):
                moving = story.page(number, setting, moment)
                assert width == 40 or max(len(visible(line)) for line in moving) <= story.width, number + 1
                assert width < 80 or len(fitted(moving, 23)) == 1
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
    assert re.findall(r"(\d+)/26$", text, re.MULTILINE) == [str(n + 1) for n in range(26)]
    assert "https://www.3blue1brown.com/topics/neural-networks" in text
    assert text.rstrip().endswith("print(right.mean())  # 0.889")


def test_suggestions_fit_the_width():
    assert _suggestion_lines("cmlp look 3", "cmlp", 60) == ["try: cmlp look 3"]
    assert _suggestion_lines("net.cost(X, y)", "cmlp", 60) == ["in Python: net.cost(X, y)"]
    lines = _suggestion_lines("python -m cmlp digits --rate 15 --batch 10", "python -m cmlp", 30)
    assert lines == ["try:", "  python -m cmlp digits \\", "  --rate 15 --batch 10"]


def test_story_can_start_at_a_screen(capsys):
    assert cli.main(["story", "--screen", "26", "--seed", "4294967295"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("The examination") and text.count("/26") == 1 and "RandomState(4294967295)" in text
    with pytest.raises(SystemExit):
        cli.main(["story", "--screen", "27"])


# ------------------------------------------------------------------------------------------------------------- keys


def shows(story, *texts):
    """Wait until all texts have appeared since the last call; return what was written since then."""
    return story.wait_for("(?s)" + "".join(f"(?=.*{re.escape(text)})" for text in texts) + ".*")


def press(story, keys, *texts):
    story.press(keys)
    return shows(story, *texts)


@posix
def test_keys():
    with Pty("story", "--screen", "17") as story:
        shows(story, "17/26", "Ten wishes", "space next", "\x1b[?1049h")
        press(story, " ", "18/26", "Three ways", "q quit")
        press(story, " ", "3  ask B's neurons")
        press(story, "?", "What is ...", "wish for a sum:", "any other key more")
        press(story, "x", "neuron:", "any key back")
        press(story, "x", "18/26")
        press(story, "b", "17/26")
        press(story, "\x1b[C", "18/26")
        before = len(story.written)
        story.press("q")
        status, written = story.end(seconds=60)
    after = written[before:]
    assert status == 0
    assert "\x1b[?1049l" in after
    assert "To go on: python -m cmlp story --screen 18" in after
    assert "3Blue1Brown" in after


@posix
def test_motion_ends_with_a_key_and_settings_change_with_plus_and_minus():
    with Pty("story", "--screen", "21") as story:
        moving = shows(story, "21/26", "chain rule", "turn w3", "+0.10000")
        assert "Measured:" not in moving
        press(story, " ", "21/26", "Measured: 0.1061")
        assert "Measured:" not in press(story, "+", "21/26", "+0.30000")
        press(story, "b", "20/26")
        story.press("q")
        assert story.end(seconds=60)[0] == 0


@posix
def test_ctrl_c_in_a_motion_leaves_the_terminal_as_it_was():
    with Pty("story", "--screen", "21") as story:
        shows(story, "21/26", "turn w3")
        assert not story.mode_is_restored()
        story.press("\x03")
        status, written = story.end(seconds=60)
        assert story.mode_is_restored()
    assert status == 130 and "Measured:" not in written and "Traceback" not in written
    assert written.count("\x1b[?1049h") == written.count("\x1b[?1049l") == 1
    assert written.rindex("\x1b[?25h\x1b[?1049l") > written.rindex("\x1b[H")


@posix
def test_resize_in_a_motion_goes_on_in_the_new_size():
    with Pty("story", "--screen", "21") as story:
        shows(story, "21/26", "turn w3")
        story.resize(60, 30)
        moving = story.wait_for(r"(?s)\x1b\[H\S+Four neurons: the chain rule\S* {5,15}videos 3.*?\x1b\[J")
        frame = moving.rpartition("\x1b[H")[2].partition("\x1b[J")[0].split("\x1b[K")
        assert max(len(visible(line).strip()) for line in frame) <= 60
        assert "Measured:" not in moving
        press(story, " ", "Measured: 0.1061")
        story.press("q")
        status, written = story.end(seconds=60)
        assert status == 0 and story.mode_is_restored()
    assert written.count("\x1b[?1049h") == written.count("\x1b[?1049l") == 1


@posix
def test_d_shows_the_numbers_and_the_picture_again():
    with Pty("story", "--screen", "18", "--still") as story:
        shows(story, "18/26", "ask B's neurons", "d numbers")
        press(story, "d", "18/26", "wish for its sum", "d picture")
        press(story, "d", "18/26", "ask B's neurons", "d numbers")
        press(story, "d", "wish for its sum")
        press(story, "b", "17/26")
        story.press("q")
        assert story.end(seconds=60)[0] == 0


@posix
def test_system_setting_stops_all_motion(tmp_path):
    program = tmp_path / "gsettings"
    program.write_text("#!/bin/sh\necho false\n")
    program.chmod(0o755)
    with Pty("story", "--screen", "21", PATH=f"{tmp_path}:{os.environ['PATH']}") as story:
        shows(story, "21/26", "Measured: 0.1061")
        story.press("q")
        assert story.end(seconds=60)[0] == 0


@posix
def test_ball_rolls_and_its_rate_changes():
    with Pty("story", "--screen", "15") as story:
        moving = shows(story, "15/26", "A hill with a ball", "rate 3, step", "+ - rate")
        assert "rolls into the valley" not in moving
        press(story, " ", "rate 3, step 60", "rolls into the valley")
        press(story, "+", "rate 5, step")
        story.press("q")
        assert story.end(seconds=60)[0] == 0


@posix
def test_screens_in_parts_move_in_their_first_part():
    with Pty("story", "--screen", "15", columns=60, lines=20) as story:
        story.wait_for("rate 3, step [1-5][0-9]")
        press(story, " ", "rate 3, step 60", "space more")
        press(story, " ", "the ball")
        story.press("q")
        assert story.end(seconds=60)[0] == 0


@posix
def test_still_story_shows_the_end_of_a_motion():
    with Pty("story", "--screen", "21", "--still") as story:
        shows(story, "21/26", "Measured: 0.1061")
        press(story, "-", "21/26", "+0.01000", "Measured: ")
        press(story, " ", "22/26")
        story.press("q")
        assert story.end(seconds=60)[0] == 0


@posix
def test_home_end_and_numbers_move():
    with Pty("story", "--screen", "3") as story:
        shows(story, " 3/26")
        press(story, "\x1b[H", " 1/26")
        press(story, "\x1b[4~", "26/26")
        press(story, "1", " 1/26")
        press(story, "1", "11/26")
        press(story, "b", "10/26")
        press(story, "9", " 9/26")
        story.press("q")
        assert story.end(seconds=60)[0] == 0


@posix
def test_resized_screens_are_wrapped_anew():
    with Pty("story", "--screen", "3") as story:
        shows(story, " 3/26")
        before = len(story.written)
        story.resize(60, 30)
        shows(story, " 3/26")
        story.press("q")
        story.end(seconds=60)
    lines = story.written[before:].rpartition("\x1b[H")[2].partition("\x1b[J")[0].split("\x1b[K")
    assert max(len(visible(line).strip()) for line in lines) <= 60
    assert "its activation." in " ".join(visible(" ".join(lines)).split())


@posix
def test_t_runs_what_a_screen_suggests_and_comes_back():
    with Pty("story", "--screen", "13") as story:
        shows(story, "13/26")
        press(story, "t", ">>> net.cost(X_test[7:8], [9])", "any key: back to the story")
        press(story, "x", "13/26")
        press(story, "1", " 1/26")
        press(story, "t", "$ python -m cmlp look 3", "training", "q end")
        press(story, "q", "any key: back to the story")
        press(story, "x", " 1/26")
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
    with Pty("story", "--still", "--screen", "18", lines=12) as story:
        shows(story, "18/26", "space more")
        first = press(story, " ", "space next")
        press(story, "b", "18/26")
        assert "18/26" not in first
        story.press("q")
        assert story.end(seconds=60)[0] == 0


@pytest.mark.slow
@posix
def test_last_screen_ends_with_the_program():
    with Pty("story", "--screen", "26") as story:
        shows(story, "26/26")
        press(story, " ", "This very network in Python")
        status, written = story.end(seconds=60)
    assert status == 0
    assert "To go on" not in written and "# 0.889" in written
