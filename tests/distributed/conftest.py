"""Dask clusters for the tests of this folder."""

import pytest


@pytest.fixture(scope="session")
def threads():
    """A client of two workers' threads in this process."""
    distributed = pytest.importorskip(
        "distributed", reason="needs the package distributed", exc_type=ImportError
    )
    options = {
        "n_workers": 2,
        "threads_per_worker": 1,
        "dashboard_address": "127.0.0.1:0",
        "set_as_default": False,
    }
    with distributed.Client(processes=False, **options) as client:
        yield client
