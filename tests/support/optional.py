"""Optional packages and programs of tests: a test skips with a reason if one is missing."""

import pytest


def package(name):
    """Import an optional package, or skip the test."""
    return pytest.importorskip(name, reason=f"needs the package {name}", exc_type=ImportError)
