"""`cmlp` on a terminal: training to watch, then a digit with its answer, and keys that lead on."""

import re
import sys

import numpy as np
import pytest
from terminals import Pty, output_of, terminal

from cmlp._cli.terminal import without_codes
from cmlp.story import story_network
from cmlp.story.first import Opening

posix = pytest.mark.skipif(sys.platform == "win32", reason="ptys are POSIX")


@pytest.fixture(scope="module")
def opening():
    """A finished training."""
    finished = Opening(terminal(colors=2**24))
    finished.learning.go_to(finished.learning.total)
    return finished


# -------------------------------------------------------------------------------------------------------- screens


def test_training_is_the_one_of_the_story(opening):
    network = opening.learning.training.network
    np.testing.assert_array_equal(network.params, story_network().params)


@pytest.mark.parametrize("size", [(60, 24), (80, 24), (120, 36), (80, 18), (50, 20)])
def test_screens_fit_the_window(opening, size):
    columns, lines = size
    body, last = opening.frame(columns - 1, lines)
    assert len(body) < lines
    final = opening.last_lines(columns - 1, lines)
    assert len(final) <= lines
    assert max(len(without_codes(line)) for line in [*body, last, *final]) < columns


def test_sentences_follow_the_training():
    opening = Opening(terminal())
    sentences = []
    for batch in (0, 200, 2000, opening.learning.total):
        opening.learning.go_to(batch)
        sentences.append(opening.sentence())
    assert len(set(sentences)) == 4
    assert (
        sentences[0].startswith("13,002 random numbers")
        and sentences[-1] == "Of 1,000 new digits it now reads 889."
    )


def test_first_sentence_has_the_answer_of_the_bars():
    opening, answers = Opening(terminal()), set()
    for batch in (0, 3, 10, 60):
        opening.learning.go_to(batch)
        body = "\n".join(map(without_codes, opening.frame(79, 24)[0]))
        (answer,) = re.findall(r"they say (\d)\.$", body, re.MULTILINE)
        assert re.findall(r"(\d) 0\.\d\d \S+ +◄", body) == [answer]
        answers.add(answer)
    assert len(answers) > 1


def test_last_screen_shows_a_digit_its_answer_and_the_keys(opening):
    text = "\n".join(without_codes(line) for line in opening.last_lines(79, 24))
    assert "889 of 1,000 digits" in text and "It says 9." in text and "▀" in text
    assert re.search(
        r"^s +a film.*\nd +draw.*\nspace +another digit +a +again +q +quit$",
        text,
        re.MULTILINE,
    )


def test_wrong_answers_are_admitted(opening, monkeypatch):
    data, network = opening.data, opening.learning.training.network
    wrong = int(np.flatnonzero(network.forward(data.X_test).argmax(axis=1) != data.y_test)[0])
    monkeypatch.setattr(opening, "_image", wrong)
    assert f"but this is a {data.y_test[wrong]}." in "\n".join(opening.answer_lines(79, 14))


# ------------------------------------------------------------------------------------------------------- terminals


@posix
def test_one_key_opens_the_film_and_one_the_explorer(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with Pty(BROWSER="true") as command:
        command.wait_for("random numbers")
        command.press("\r")
        screen = command.wait_for("quit")
        assert "It says 9." in screen and "▀" in screen
        command.press("d")
        command.wait_for("cmlp.html: open[^_]*in[^_]*your[^_]*browser")
        assert (tmp_path / "cmlp.html").stat().st_size > 100_000
        (tmp_path / "cmlp.html").write_text("my own page")
        command.press("d")
        command.wait_for("is not a page of cmlp")
        assert (tmp_path / "cmlp.html").read_text() == "my own page"
        (tmp_path / "cmlp.html").unlink()
        command.press("s")
        command.wait_for("cmlp.html: open[^_]*in[^_]*your[^_]*browser")
        command.press("q")
        assert command.end()[0] == 0
        assert command.mode_is_restored()
    assert (tmp_path / "cmlp.html").exists()


@posix
def test_whole_path_of_the_page_is_shown_and_stays(tmp_path, monkeypatch):
    folder = tmp_path / (
        "a folder with a name that is longer than a line of the terminal, " + "x" * 90
    )
    folder.mkdir()
    monkeypatch.chdir(folder)
    with Pty(BROWSER="true") as command:
        command.wait_for("random numbers")
        command.press("\r")
        command.wait_for("quit")
        command.press("d")
        screen = command.wait_for("open +in +your +browser|open[^_]*browser")
        command.press("q")
        status, written = command.end()
    path = str(folder / "cmlp.html").replace(" ", "")
    assert status == 0 and path in re.sub(r"\s", "", without_codes(screen).replace("\x1b[K", ""))
    left = without_codes(written.rpartition("\x1b[?1049l")[2])
    assert path in re.sub(r"\s", "", left)


@posix
def test_digit_stays_on_the_screen_and_the_last_line_leads_to_the_film():
    with Pty() as command:
        command.wait_for("random numbers")
        command.press("\r")
        command.wait_for("quit")
        command.press(" ")
        command.wait_for("It says")
        command.press("q")
        status, written = command.end()
    left = without_codes(written.rpartition("\x1b[?1049l")[2])
    assert status == 0 and "It says" in left and left.count("\n") < 24
    assert left.endswith("how a network learns to read it:\r\n  python -m cmlp story\r\n")


@posix
def test_space_pauses_left_goes_back_and_other_keys_do_nothing():
    with Pty() as command:
        command.wait_for("space +pause +left +back +q +on")
        command.wait_for("[1-9],[0-9]{3} +digits +shown")
        command.press("x ")
        paused = command.wait_for("space +go +on")
        seen = int(re.findall(r"([\d,]+) digits shown", without_codes(paused))[-1].replace(",", ""))
        command.press("\x1b[D")
        back = command.wait_for("digits +shown[^_]*space +go +on")
        assert (
            int(re.findall(r"([\d,]+) digits shown", without_codes(back))[-1].replace(",", ""))
            < seen
        )
        command.press("q")
        command.wait_for("It says 9.")
        command.press("\x1b[D")
        command.wait_for("It says")
        command.press("q")
        assert command.end()[0] == 0


@posix
@pytest.mark.slow
def test_again_starts_with_random_numbers():
    with Pty() as command:
        for key in ("\r", "a", "\r"):
            command.wait_for("random numbers" if key == "\r" else "quit")
            command.press(key)
        command.wait_for("quit")
        command.press("q")
        assert command.end()[0] == 0


@posix
@pytest.mark.slow
def test_no_color_shows_shades():
    with Pty(NO_COLOR="1") as command:
        assert "░" in command.wait_for("random numbers[^_]*space +pause")
        command.press("q")
        screen = command.wait_for("quit")
        command.press("q")
        status, written = command.end()
    assert status == 0 and "▒" in screen and "\x1b[38" not in written


@posix
@pytest.mark.slow
@pytest.mark.parametrize("changes", [{"lines": 10}, {"columns": 20}, {"TERM": "dumb"}])
def test_text_is_written_where_nothing_can_be_played(changes):
    with Pty(**changes) as command:
        status, written = command.end()
    assert status == 0 and "\x1b[?1049h" not in written
    assert "It has learned to read" in written.replace("\r\n", " ")
    assert written.endswith("  python -m cmlp story\r\n")


@pytest.mark.parametrize("columns, encoding", [(50, "ascii"), (80, "utf-8")])
def test_pipe_gets_the_same_as_text(monkeypatch, columns, encoding):
    text = output_of(monkeypatch, columns=columns, encoding=encoding)
    assert text.isascii() == (encoding == "ascii") and "\x1b" not in text
    assert max(map(len, text.splitlines())) <= columns
    words = " ".join(text.split())
    assert words.startswith("13,002 random numbers. This is a 9; they say 3.")
    assert "889 of 1,000 digits that it had never seen" in words and "It says 9." in words
    assert "A1 A2" in words
    assert words.endswith("how a network learns to read it: cmlp story")
    assert text.endswith("\n  cmlp story\n")


def test_two_runs_write_the_same(monkeypatch):
    assert output_of(monkeypatch) == output_of(monkeypatch)
