"""Every kind of file that is generated from a model names the licence of what cmlp has added to it."""

import io
import re

import numpy as np
import pytest
from c_projects import MODELS

import cmlp
from cmlp import Network
from cmlp.story import story_network

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer:UserWarning")
OURS = "SPDX-License-Identifier: 0BSD"
WITH_DIGITS = f"{OURS} AND CC-BY-SA-3.0"
DIGITS = Network([784, 4, 10], input_scale=1 / 255, random_state=0)


@pytest.mark.parametrize("name", ["floats", "bytes8", "flats"])
def test_header_begins_with_the_licence_and_says_whose_the_model_is(name):
    model, options = MODELS[name]()
    text = io.StringIO()
    model.to_c(text, **({"name": name} | options))
    assert text.getvalue().startswith(f"/* {OURS} */\n")
    assert " * The model is yours, and cmlp's code around it is under 0BSD" in text.getvalue()


def licence_of(tmp_path, model, data=None):
    """Return the line with the licence of a page, and whether the page has examples."""
    model.to_html(tmp_path / "page.html", data=data)
    html = (tmp_path / "page.html").read_text(encoding="utf-8")
    (line,) = re.findall(r"^<!-- (SPDX-.*) -->$", html, re.MULTILINE)
    assert html.split("\n")[1] == f"<!-- {line} -->"
    has_none = '<script type="application/json" id="examples">null</script>' in html
    return line, 'id="examples"' in html and not has_none


@pytest.mark.parametrize(
    ("model", "data", "expected"),
    [
        (MODELS["flats"]()[0], None, (OURS, False)),
        (Network([3, 4, 2], random_state=0), None, (OURS, False)),
        (DIGITS, None, (WITH_DIGITS, True)),
        (DIGITS, (), (OURS, False)),
        (DIGITS, (np.eye(10, 784), range(10)) * 2, (OURS, True)),
    ],
    ids=["table", "fields", "digits", "without digits", "own images"],
)
def test_page_names_the_licence_of_its_digits_only_if_it_has_them(tmp_path, model, data, expected):
    assert licence_of(tmp_path, model, data) == expected


def test_page_of_the_film_has_digits_whatever_its_examples_are(tmp_path):
    model = story_network()
    for data in (None, cmlp.datasets.load_digits28()):
        assert licence_of(tmp_path, model, data)[0] == WITH_DIGITS
    assert licence_of(tmp_path, model, ()) == (OURS, False)


@pytest.mark.parametrize("name", ["network", "numbers", "kinds"])
def test_onnx_file_names_the_licence_of_the_graph_but_none_of_the_model(tmp_path, name):
    onnx = pytest.importorskip("onnx")
    model, _ = MODELS[name]()
    model.to_onnx(tmp_path / "model.onnx")
    stored = {entry.key: entry.value for entry in onnx.load(tmp_path / "model.onnx").metadata_props}
    assert stored["cmlp.license"] == "0BSD" and "model_license" not in stored
