"""Fixtures of all tests of the command."""

import signal

import pytest

from cmlp import __main__ as cli


@pytest.fixture(autouse=True, scope="session")
def hanging_up_ends_programs():
    """Programs inherit from nohup that it ignores SIGHUP."""
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def run(tmp_path, capsys, monkeypatch):
    """Return a function that runs the command in a new folder: its status, its output and its errors."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments):
        status = cli.main([*map(str, arguments)])
        return (status, *capsys.readouterr())

    return command
