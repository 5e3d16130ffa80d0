"""The texts of the published pages: citations, and numbers with their spread."""

import pytest
from c_build import ROOT
from helpers import imported

SOURCE = ROOT / "docs/_ext/typography.py"
if not SOURCE.exists():
    pytest.skip("the documentation is in the source tree only", allow_module_level=True)
readable = imported(SOURCE).readable


def test_citation_has_a_number():
    """numpydoc gives the citations of each docstring names of their own, which are not for readers."""
    assert readable("[R4aadd55c2b82-10]") == "[10]"
    assert readable("R2-1, Rome-1") == "R2-1, Rome-1"


def test_number_stays_with_its_spread():
    assert readable("0.141 ± 0.010") == "0.141\u00a0±\u00a00.010"
