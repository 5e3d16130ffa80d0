"""Fixtures of all tests of the command."""

import signal

import pytest


@pytest.fixture(autouse=True, scope="session")
def hanging_up_ends_programs():
    """Programs inherit from nohup that it ignores SIGHUP."""
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
