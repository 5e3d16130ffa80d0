"""The notebook of the lecture runs from top to bottom, and is stored without outputs."""

import contextlib
import io
import json
import re

import pytest
from c_build import ROOT

from cmlp.story import story_network

NOTEBOOK = ROOT / "docs/lecture/lecture.ipynb"
if not NOTEBOOK.exists():
    pytest.skip("the documentation is in the source tree only", allow_module_level=True)
CELLS = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]


def test_notebook_is_stored_without_outputs():
    code = [cell for cell in CELLS if cell["cell_type"] == "code"]
    assert len(code) > 5
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in code)


@pytest.mark.slow
def test_notebook_runs(monkeypatch):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    names, output = {}, io.StringIO()
    with contextlib.redirect_stdout(output):
        for cell in CELLS:
            if cell["cell_type"] == "code":
                exec(
                    compile("".join(cell["source"]), f"{NOTEBOOK.name} {cell['id']}", "exec"), names
                )
    printed = output.getvalue()
    assert "13,002 knobs, 10.7% right" in printed
    assert re.search(r"^([\d.]+)% right", printed, re.MULTILINE)[1] == "88.9"
    assert "noise is called [ 23   0  19 924" in printed
    assert names["net"].params.tobytes() == story_network().params.tobytes()
    assert "the same as minus the gradient: True" in printed
    assert len(pyplot.get_fignums()) == 6
    pyplot.close("all")
