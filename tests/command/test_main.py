"""The command as a process: in a pipe and on a terminal, Ctrl-C, broken pipes, a full disk."""

import os
import signal
import subprocess
import sys

import pytest
from helpers import DEADLOCK
from terminals import Pty

from cmlp import __main__ as cli
from cmlp.story import story_network

COMMAND = [sys.executable, "-m", "cmlp"]
# A command that prints lines until a signal ends it.
ENDLESS = """
import sys, time
from cmlp._cli import info
from cmlp.__main__ import main

def print_lines(arguments, terminal, program):
    while True:
        terminal.write_lines(["a line"])
        time.sleep(0.01)

info.run = print_lines
sys.exit(main(["info", "model"], "python -m cmlp"))
"""

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and ptys are POSIX here")


def environment(**changes):
    """Return the environment without variables that change the output, with the given changes."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name
        not in ("COLUMNS", "LINES", "NO_COLOR", "COLORTERM", "PYTHONIOENCODING", "PYTHONUNBUFFERED")
    }
    return {**kept, "PYTHONUTF8": "1", "TERM": "xterm-256color", **changes}


def run(*arguments, stdout=subprocess.PIPE, **changes):
    """Run the command with its output in a pipe."""
    return subprocess.run(
        [*COMMAND, *arguments],
        stdout=stdout,
        stderr=subprocess.PIPE,
        env=environment(**changes),
        timeout=DEADLOCK,
        check=False,
    )


def test_command_alone_in_a_pipe():
    done = run()
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode()
    assert "\x1b" not in text and "█" in text
    assert "889 of 1,000 digits" in text


@posix
def test_no_color():
    with Pty(NO_COLOR="1", lines=10) as terminal:
        status, text = terminal.end(seconds=60)
    assert status == 0 and "\x1b" not in text and "█" in text


def test_encoding_without_block_characters():
    result = run(PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert result.returncode == 0
    assert result.stderr == b""
    assert result.stdout.isascii()
    assert b"@@" in result.stdout


@posix
def test_encoding_without_block_characters_on_a_terminal():
    with Pty(lines=10, PYTHONIOENCODING="latin-1", PYTHONUTF8="0") as terminal:
        status, text = terminal.end(seconds=60)
    assert status == 0
    assert text.isascii()
    assert "\x1b[38;5;" in text


@posix
@pytest.mark.parametrize(
    ("name", "status", "message"),
    [
        ("SIGINT", 130, "interrupted"),
        ("SIGTERM", 143, "interrupted by SIGTERM"),
        ("SIGHUP", 129, "interrupted by SIGHUP"),
    ],
)
def test_signals_end_the_command_with_the_status_of_a_shell(name, status, message):
    process = subprocess.Popen(
        [sys.executable, "-c", ENDLESS],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    process.stdout.readline()
    process.send_signal(getattr(signal, name))
    _, errors = process.communicate(timeout=DEADLOCK)
    assert process.returncode == status
    assert errors.decode() == f"python -m cmlp: {message}\n"


@posix
def test_ignored_signals_stay_ignored():
    """nohup ignores SIGHUP, so that a command goes on after its terminal is closed."""
    with_nohup = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
    process = subprocess.Popen(
        [sys.executable, "-c", with_nohup + ENDLESS], stdout=subprocess.PIPE, env=environment()
    )
    with process:
        process.stdout.readline()
        process.send_signal(signal.SIGHUP)
        lines = [process.stdout.readline() for _ in range(20)]
        process.kill()
    assert lines == [f"a line{os.linesep}".encode()] * 20


def test_handlers_of_signals_are_those_of_before():
    before = {number: signal.getsignal(number) for number in signal.valid_signals()}
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert {number: signal.getsignal(number) for number in signal.valid_signals()} == before


@posix
@pytest.mark.parametrize("arguments", [[], ["--version"], ["--help"]])
def test_broken_pipe_prints_nothing(arguments):
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "wb") as pipe:
        result = run(*arguments, stdout=pipe)
    assert result.returncode == 141
    assert result.stderr == b""


@posix
def test_pipe_closed_during_the_output_prints_nothing():
    process = subprocess.Popen(
        COMMAND, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
    )
    process.stdout.readline()
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=DEADLOCK) == 141
    assert errors == b""


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
@pytest.mark.parametrize("arguments", [[], ["--help"]])
def test_full_disk_is_reported_in_one_line(arguments):
    with open("/dev/full", "wb") as full:
        result = run(*arguments, stdout=full)
    assert result.returncode == 1
    assert result.stderr.startswith(b"python -m cmlp: error: cannot write: ")
    assert result.stderr.count(b"\n") == 1


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["predict", "--help"]])
def test_help_that_cannot_be_written_is_an_error_without_a_buffer(arguments):
    with open("/dev/full", "wb") as full:
        result = run(*arguments, stdout=full, PYTHONUNBUFFERED="1")
    assert result.returncode == 1
    assert (
        result.stderr.startswith(b"python -m cmlp: error: cannot write: ")
        and result.stderr.count(b"\n") == 1
    )


def run_closed(descriptor, *arguments):
    """Run the command with a closed descriptor."""
    shell = 'descriptor=$1; shift; eval "exec \\"\\$@\\" $descriptor"'
    return subprocess.run(
        ["/bin/sh", "-c", shell, "sh", descriptor, *COMMAND, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=environment(),
        timeout=DEADLOCK,
        check=False,
    )


@posix
@pytest.mark.parametrize(
    "arguments",
    ["", "--help", "story", "predict a b"],
)
def test_closed_output_is_reported_in_one_line(arguments):
    done = run_closed(">&-", *arguments.split())
    assert done.returncode == 1
    assert done.stderr == b"python -m cmlp: error: cannot write: standard output is closed\n"


@posix
def test_closed_error_output_does_not_write_to_the_output():
    done = run_closed("2>&-", "predict", "none", "none")
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")


def test_numbers_beyond_64_bits_are_reported_in_one_line(capsys):
    with pytest.raises(SystemExit):
        cli.main(["train", "x", "-o", "m", "--checkpoint-every", str(2**63)])
    expected = f"expected a whole number from 1 to {2**63 - 1}, got '{2**63}'"
    assert capsys.readouterr().err.startswith(
        f"cmlp train: error: argument --checkpoint-every: {expected}"
    )


def test_arguments_cannot_forge_a_second_line(capsys):
    for arguments in (
        ["a\nb"],
        ["info", "m", "a\nb"],
        ["train", "x", "-o", "m", "--checkpoint-every", "a\nb"],
        ["predict", "--a\x1b[2J\nb"],
    ):
        with pytest.raises(SystemExit) as caught:
            cli.main(arguments)
        err = capsys.readouterr().err
        assert caught.value.code == 2 and err.count("\n") == 1 and "\x1b" not in err


@pytest.mark.slow
def test_file_names_that_the_stream_cannot_encode_are_escaped(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ascii_only = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    story_network(0).save("é.cmlp")
    done = run("page", "é.cmlp", "-o", "é.html", **ascii_only)
    assert (done.returncode, done.stderr) == (0, b"") and done.stdout.startswith(b"\\xe9.html: ")


def test_unknown_tuning_is_reported_in_one_line():
    done = run("--version", CMLP_TUNING="zen6")
    assert done.returncode == 2 and done.stdout == b""
    assert done.stderr.decode().startswith(
        "python -m cmlp: error: CMLP_TUNING='zen6' is not a tuning of the kernels"
    )
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("started_by", ["script", "module"])
def test_unknown_instruction_set_is_reported_in_one_line(started_by, tmp_path, monkeypatch):
    program = "python -m cmlp"
    if started_by == "script":  # as the installed script does
        program, script = "cmlp", tmp_path / "cmlp"
        script.write_text(
            "import sys\nfrom cmlp.__main__ import main\nsys.exit(main())\n", encoding="utf-8"
        )
        monkeypatch.setattr(f"{__name__}.COMMAND", [sys.executable, str(script)])
    done = run("--version", CMLP_ISA="sse9")
    assert done.returncode == 2 and done.stdout == b""
    expected = (
        f"{program}: error: CMLP_ISA='sse9' cannot be used on this processor; available: generic"
    )
    assert done.stderr.decode().startswith(expected)
    assert len(done.stderr.splitlines()) == 1
