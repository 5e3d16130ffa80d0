"""tools/check_names.py finds names that another version of a package does not have."""

import ast
from pathlib import Path

import pytest
from helpers import imported

SCRIPT = Path(__file__).parents[2] / "tools/check_names.py"
if not SCRIPT.exists():
    pytest.skip("needs the source tree", allow_module_level=True)
missing_names = imported(SCRIPT).missing_names


def missing(code):
    return [text for _, text in missing_names(ast.parse(code))]


@pytest.mark.parametrize(
    "code, name",
    [
        ("import numpy as np\ndef f(): np.no_such_name", "no_such_name"),
        ("import numpy.linalg\nnumpy.linalg.no_such_name(1)", "no_such_name"),
        ("from numpy import no_such_name", "no_such_name"),
        ("from numpy.no_such_module import any_name", "no_such_module"),
        ("def f():\n    import os.no_such_module", "no_such_module"),
        ("import os\nif os.name:\n    os.no_such_name", "no_such_name"),
    ],
)
def test_a_missing_name_is_found(code, name):
    (text,) = missing(code)
    assert name in text


@pytest.mark.parametrize(
    "code",
    [
        "import numpy as np\nnp.linalg.norm(np.float64(0)).no_such_name",
        "from numpy import linalg",
        "import no_such_package",
        "try:\n    from os import no_such_name\nexcept ImportError:\n    pass",
        "import sys, os\nif sys.version_info > (4,):\n    os.no_such_name",
        "import os\nx = os.no_such_name if hasattr(os, 'no_such_name') else 0",
        "import os\ndef f(a: os.no_such_name) -> os.no_such_name: ...",
        "import os\ndef f(os): return os.no_such_name",
    ],
)
def test_a_name_that_is_not_needed_is_not_missed(code):
    assert missing(code) == []
