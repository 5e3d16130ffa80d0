"""Every way to train gives the weights, curves, warnings and printed lines that golden_fits.json pins."""

import json

import golden_fits
import pytest
from optional import package

PINNED = json.loads(golden_fits.TABLE.read_text(encoding="ascii"))
NEEDED = {"lbfgs": "scipy", "dates": "pandas"}


@pytest.mark.parametrize("name", golden_fits.CASES)
def test_results_are_the_pinned_ones(name):
    for word, needed in NEEDED.items():
        if word in name:
            package(needed)
    assert golden_fits.digest_of(name) == PINNED[name]
