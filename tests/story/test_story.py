"""`cmlp story` writes the page that tells the tale, opens it, and says what to do otherwise."""

import re
import stat
import sys

import pytest
from terminals import Pty, output_of

from cmlp import __main__ as cli
from cmlp.story import story_network

posix = pytest.mark.skipif(sys.platform == "win32", reason="ptys are POSIX")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    path = tmp_path / "a folder"
    path.mkdir()
    monkeypatch.chdir(path)
    return path


def browser_in(folder, seconds=0):
    """Return a browser that notes its address, and ends after some seconds."""
    path = folder / "browser"
    path.write_text(f'#!/bin/sh\necho "$1" > "{folder}/address"\nsleep {seconds}\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_page_is_that_of_the_story_network(folder, monkeypatch):
    text = output_of(monkeypatch, "story")
    expected = folder / "expected.html"
    story_network().to_html(expected)
    assert (folder / "cmlp.html").read_bytes() == expected.read_bytes()
    assert f"  {folder / 'cmlp.html'}\n" in text


def test_pipe_is_told_what_to_do_without_a_browser(folder, monkeypatch):
    text = output_of(monkeypatch, "story", "-o", "the story.html")
    assert f"  {folder / 'the story.html'}\n" in text and (folder / "the story.html").exists()
    assert "Open this file in a browser" in text and "copy this one file" in " ".join(text.split())
    assert max(map(len, [line for line in text.splitlines() if not line.startswith("  ")])) < 80


def test_printed_program_runs(folder, monkeypatch, capsys):
    text = output_of(monkeypatch, "story")
    program = re.sub("^  ", "", text.partition("in Python:\n\n")[2], flags=re.MULTILINE)
    assert {line.split()[1] for line in program.splitlines() if "import" in line} == {
        "cmlp.datasets",
        "cmlp.story",
    }
    monkeypatch.undo()
    exec(program, {})
    assert capsys.readouterr().out == program.rpartition("  # ")[2]


@posix
def test_browser_opens_the_page_and_is_not_waited_for(folder):
    with Pty("story", BROWSER=browser_in(folder, seconds=60)) as command:
        status, written = command.end(seconds=30)
    assert status == 0 and "It is open in your browser" in written
    assert (folder / "address").read_text().strip() == (folder / "cmlp.html").as_uri()


@posix
@pytest.mark.parametrize("changes", [{}, {"BROWSER": "/no/such/browser"}, {"BROWSER": "lynx"}])
def test_terminal_without_a_browser_is_told_what_to_do(folder, changes):
    with Pty("story", **{"DISPLAY": "", "WAYLAND_DISPLAY": "", **changes}) as command:
        status, written = command.end()
    assert (
        status == 0
        and "Open this file in a browser" in written
        and str(folder / "cmlp.html") in written
    )


def test_no_other_file_is_replaced(folder, monkeypatch, capsys):
    (folder / "cmlp.html").write_text("my own page")
    assert cli.main(["story"]) == 1
    assert "is not a page of cmlp" in capsys.readouterr().err
    assert (folder / "cmlp.html").read_text() == "my own page"
    assert cli.main(["story", "-o", "no/such/folder.html"]) == 1
    assert capsys.readouterr().err.count("\n") == 1
