"""Fixtures of the tests of ``cmlp story``."""

import pytest

from cmlp.story.tale import Tale


@pytest.fixture(scope="session")
def tale():
    """The data and networks of the story; a network that is computed for one test serves the others."""
    return Tale()


@pytest.fixture
def columns(monkeypatch):
    """Terminals have 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
