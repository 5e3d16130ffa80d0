"""Without matplotlib, the module can be imported, and drawing says which extra is missing."""

import subprocess
import sys

import pytest

from cmlp.plots import LossCurveDisplay


def test_drawing_without_matplotlib_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(
        ImportError, match=r"Plots need matplotlib: install it with `pip install cmlp\[plots\]`"
    ):
        LossCurveDisplay([1.0]).plot()


def test_importing_the_plots_does_not_import_matplotlib():
    code = "import cmlp.plots, sys; print('matplotlib' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout == "False\n"
