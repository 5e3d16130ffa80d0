"""The command as a process: the story in a pipe and on a terminal, Ctrl-C, broken pipes, a full disk."""

import contextlib
import os
import re
import signal
import subprocess
import sys

import pytest
from terminals import Pty

from cmlp import __main__ as cli

COMMAND = [sys.executable, "-m", "cmlp"]
EPOCH = (
    r"epoch +\d+/\d+  cost \d\.\d{4}  gradient \d+\.\d{4}  test accuracy \d+\.\d %(  \S+ \w+ left)?"
)

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
        timeout=120,
        check=False,
    )


def run_on_terminal(*arguments, **changes):
    """Run the command on a new pseudo-terminal; return its exit status and its output."""
    with Pty(*arguments, **changes) as terminal:
        return terminal.end(seconds=60)


@pytest.fixture(scope="module")
def piped_story():
    return run()


def test_story_in_a_pipe(piped_story):
    assert piped_story.returncode == 0
    assert piped_story.stderr == b""
    text = piped_story.stdout.decode()
    assert "\x1b" not in text and "\r" not in text.replace("\r\n", "\n")
    lines = text.splitlines()
    assert "12,960 weights" in text and "42 biases" in text and "13,002 parameters" in text
    (before,) = [line for line in lines if line.startswith("accuracy before training: ")]
    assert re.fullmatch(r"accuracy before training: \d+\.\d %", before)
    assert float(before.split()[-2]) < 20
    epochs = [line for line in lines if line.startswith("epoch")]
    assert len(epochs) == 31
    assert all(re.fullmatch(EPOCH, line) for line in epochs)
    (after,) = [line for line in lines if line.startswith("test accuracy: ")]
    assert re.fullmatch(r"test accuracy: \d+\.\d %", after)
    assert float(after.split()[-2]) > 87
    assert f"{after.split()[-2]} %" in epochs[-1]
    assert re.search(r"Training took \S+ \w+:", text)


def test_cost_decreases(piped_story):
    costs = [float(cost) for cost in re.findall(r"cost (\d\.\d{4})", piped_story.stdout.decode())]
    assert costs[0] > 0.5
    assert costs[-1] < 0.1


def test_story_draws_four_digits_and_two_neurons(piped_story):
    text = piped_story.stdout.decode()
    assert len(re.findall(r"answer: \d", text)) == 4
    assert len(re.findall(r"activation: [01]\.\d{3}", text)) == 4
    assert len(re.findall(r"truth: \d", text)) == 4
    assert text.count("(mistake)") == 1
    assert len(re.findall(r"^A\d+ +A\d+$", text, re.MULTILINE)) == 1
    assert max(len(line) for line in text.splitlines()) <= 80


def test_two_runs_print_the_same_except_for_times(piped_story):
    def without_times(output):
        return re.sub(rb"\S+ (s|min)( left|:.* a second)", b"", output.replace(b"\n", b" "))

    assert without_times(run().stdout) == without_times(piped_story.stdout)


def test_seed_changes_the_output(piped_story):
    other = run("--seed", "1", "--epochs", "1").stdout.decode()
    line = next(line for line in other.splitlines() if line.startswith("epoch 1/1"))
    assert line.partition("  test")[0].replace("1/1", "") not in piped_story.stdout.decode()


@posix
def test_story_on_a_terminal_rewrites_one_line():
    status, text = run_on_terminal("--epochs", "5", COLORTERM="truecolor")
    assert status == 0
    (live,) = [line for line in text.split("\r\n") if "epoch 1/5" in line]
    rewritten = live.lstrip("\r").split("\r")
    assert len(rewritten) == 6
    assert all(re.fullmatch(EPOCH, line.rstrip()) for line in rewritten)
    assert "\x1b[38;2;" in text
    assert "▀" in text
    # Only colors: no cursor movement, and the last escape sequence resets the color.
    assert set(re.findall(r"\x1b\[[^a-zA-Z]*([a-zA-Z])", text)) == {"m"}
    assert text.rindex("\x1b[0m") == text.rindex("\x1b[")


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_story_in_a_pipe_fits_the_width(columns, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert cli.main(["--epochs", "10"], "python -m cmlp") == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= columns
    assert re.search(
        r"test (accuracy )?\d+\.\d %",
        next(line for line in lines if line.startswith("epoch 10/10")),
    )


@posix
@pytest.mark.parametrize("columns", [1, 20, 40])
def test_story_on_a_narrow_terminal(columns):
    status, text = run_on_terminal("--epochs", "3", columns=columns)
    assert status == 0
    live = next(line for line in text.split("\r\n") if line.startswith("\r"))
    assert all(len(part) <= max(columns - 1, 1) for part in live.split("\r"))
    assert live.count("\r") == 4
    assert ("▀" in text) == (columns >= 28)


@posix
def test_wide_terminal_puts_four_digits_side_by_side():
    _, text = run_on_terminal("--epochs", "1", columns=118)
    assert re.search(r"(answer: \d +){3}answer: \d", text)


@posix
def test_no_color():
    status, text = run_on_terminal("--epochs", "2", NO_COLOR="1")
    assert status == 0
    assert "\x1b" not in text
    assert "█" in text and "\repoch 2/2" in text


@posix
def test_dumb_terminal_gets_plain_lines():
    status, text = run_on_terminal("--epochs", "2", TERM="dumb")
    assert status == 0
    assert "\x1b" not in text
    assert "\r" not in text.replace("\r\n", "")


def test_encoding_without_block_characters():
    result = run("--epochs", "1", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert result.returncode == 0
    assert result.stderr == b""
    assert result.stdout.isascii()
    assert b"@@" in result.stdout


@posix
def test_encoding_without_block_characters_on_a_terminal():
    status, text = run_on_terminal("--epochs", "2", PYTHONIOENCODING="latin-1", PYTHONUTF8="0")
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
        [*COMMAND, "digits", "--epochs", "1000000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    )
    for line in process.stdout:
        if line.startswith(b"epoch"):
            break
    process.send_signal(getattr(signal, name))
    rest, errors = process.communicate(timeout=60)
    assert process.returncode == status
    assert errors.decode() == f"python -m cmlp: {message}\n"
    assert b"test accuracy: " not in rest


@posix
def test_ignored_signals_stay_ignored():
    """nohup ignores SIGHUP, so that a command goes on after its terminal is closed."""
    with_nohup = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)\nfrom cmlp.__main__ import main\nmain()"
    process = subprocess.Popen(
        [sys.executable, "-c", with_nohup, "digits", "--epochs", "1000000"],
        stdout=subprocess.PIPE,
        env=environment(),
    )
    with process:
        seen = 0
        for line in process.stdout:
            seen += line.startswith(b"epoch")
            if seen == 1:
                process.send_signal(signal.SIGHUP)
            if seen == 20:
                break
        process.kill()
    assert seen == 20


def test_handlers_of_signals_are_those_of_before():
    before = {number: signal.getsignal(number) for number in signal.valid_signals()}
    with pytest.raises(SystemExit):
        cli.main(["--version"])
    assert {number: signal.getsignal(number) for number in signal.valid_signals()} == before


@posix
def test_ctrl_c_on_a_terminal_keeps_the_live_line():
    import pty

    master, slave = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, "--epochs", "1000000"],
        stdin=slave,
        stdout=slave,
        stderr=slave,
        env=environment(),
        start_new_session=True,
    )
    os.close(slave)
    text = b""
    while b"\repoch" not in text:
        text += os.read(master, 65536)
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(OSError):
        while chunk := os.read(master, 65536):
            text += chunk
    os.close(master)
    assert process.wait(timeout=60) == 130
    assert re.search(rb"%[^\r\n]*\r\npython -m cmlp: interrupted\r\n\Z", text)
    assert b"Traceback" not in text


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
    assert process.wait(timeout=60) == 141
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
        timeout=120,
        check=False,
    )


@posix
@pytest.mark.parametrize(
    "arguments",
    ["", "--help", "story", "digits --epochs 1", "watch", "look", "nudge", "predict a b"],
)
def test_closed_output_is_reported_in_one_line(arguments):
    done = run_closed(">&-", *arguments.split())
    assert done.returncode == 1
    assert done.stderr == b"python -m cmlp: error: cannot write: standard output is closed\n"


@posix
def test_closed_error_output_does_not_write_to_the_output():
    done = run_closed("2>&-", "predict", "none", "none")
    assert (done.returncode, done.stdout, done.stderr) == (1, b"", b"")


@pytest.mark.parametrize(
    "arguments",
    ["--rate 1e308", "--method fast --rate 1e30", "--rate 1e38 --hidden none --method fast"],
)
def test_divergence_is_reported_in_one_line(arguments):
    done = run("digits", "--epochs", "2", *arguments.split())
    assert done.returncode == 1
    rate = float(arguments.split("--rate ")[1].split()[0])
    assert (
        done.stderr.decode()
        == f"python -m cmlp: error: training diverged: choose a --rate below {rate:g}\n"
    )


def test_learning_rate_with_huge_weights_prints_no_warning():
    done = run("digits", "--epochs", "1", "--rate", "1e38")
    assert (done.returncode, done.stderr) == (0, b"")


def test_numbers_beyond_64_bits_are_reported_in_one_line(capsys):
    with pytest.raises(SystemExit):
        cli.main(["digits", "--batch", str(2**63)])
    assert capsys.readouterr().err.startswith(
        f"cmlp digits: error: argument --batch: expected a whole number from 1 to {2**63 - 1}, got '{2**63}'"
    )


def test_arguments_cannot_forge_a_second_line(capsys):
    for arguments in (
        ["a\nb"],
        ["digits", "a\nb"],
        ["digits", "--epochs", "a\nb"],
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
    done = run("digits", "--epochs", "1", "--save", "é.cmlp", **ascii_only)
    assert (done.returncode, done.stderr) == (0, b"") and b"saved: \\xe9.cmlp\n" in done.stdout
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


def test_fast_method_explains_its_differences(capsys, piped_story):
    assert cli.main(["--method", "fast", "--epochs", "2"]) == 0
    text = capsys.readouterr().out
    words = " ".join(text.split())
    plain = " ".join(piped_story.stdout.decode().split())
    for word in ("ReLU", "softmax", "log loss", "Adam", "one cycle", "96 at a time"):
        assert word in words and word not in plain
    assert "139,930 parameters" in words and "10 at a time" in plain
    assert re.search("cmlp digits --method story +the story's plain method", text)
    assert "--hidden 128,64" in plain and "--hidden 128,64" not in words
    assert all(re.fullmatch(EPOCH, line) for line in text.splitlines() if line.startswith("epoch"))
    assert max(map(len, text.splitlines())) <= 80
