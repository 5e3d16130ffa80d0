"""The table of hyperparameters: docstrings agree with it; a new row is all that a parameter of training needs."""

import inspect
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from worker_cases import in_threads

import cmlp
from cmlp import (
    MLPClassifier,
    MLPRegressor,
    Network,
    TabularClassifier,
    TabularRegressor,
    Trainer,
    distributed,
)
from cmlp._estimators.network import CostKeywords

# A row of the table of hyperparameters is changed.
from cmlp._parameters.entries import PARAMETERS
from cmlp._parameters.hyperparameters import REQUIRED, Hyperparameter, Hyperparameters

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer", "ignore:A batch of 40")

TOOL = Path(__file__).parents[2] / "tools/write_docstrings.py"
CLASSES = [MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor, Trainer]
X = np.random.RandomState(0).standard_normal((40, 3))
Y = (X[:, 0] > 0).astype(int)
DATA = {"sizes", "network"}  # what a constructor has beside hyperparameters


def defaults(function):
    """Map the name of each parameter to its default."""
    parameters = {
        name: p
        for name, p in inspect.signature(function).parameters.items()
        if name not in DATA | {"self"}
    }
    return {name: REQUIRED if p.default is p.empty else p.default for name, p in parameters.items()}


def in_table(owner):
    return {name: PARAMETERS.entries[name].uses[owner].default for name in PARAMETERS.names(owner)}


def test_signatures_of_networks_have_the_parameters_and_defaults_of_the_table():
    optimizer = defaults(Network.optimizer)
    assert optimizer.pop("solver") == "sgd"  # the core's names of solvers
    objective = dict.fromkeys(CostKeywords.__annotations__.keys() & {"alpha", "dropout"}, 0.0)
    assert {**defaults(Network), **optimizer, **objective} == in_table("Network")


@pytest.mark.parametrize("cls", [*CLASSES, Network])
def test_docstrings_document_the_parameters_in_the_order_of_the_signature(cls):
    text = inspect.getdoc(cls).split("Parameters\n----------\n")[1].split("\n\nAttributes")[0]
    entries = re.findall(r"^(\w+) : .*?(?:, default=(.*))?$", text, re.MULTILINE)
    parameters = inspect.signature(cls).parameters
    assert [name for name, _ in entries] == list(parameters)
    for name, shown in entries:
        if name not in DATA:
            assert eval(shown) == parameters[name].default
    assert not re.search("^ *<", inspect.getdoc(cls), re.MULTILINE)
    assert all(
        line == line.rstrip() and len(line) <= 120 for line in inspect.getdoc(cls).splitlines()
    )


@pytest.mark.parametrize("cls", [MLPClassifier, TabularClassifier])
def test_fit_tells_what_may_change_before_it_resumes(cls):
    text = re.search(
        "only\\s+these may have changed:(.*?)(?:\\n\\w|\\n\\n)", inspect.getdoc(cls.fit), re.DOTALL
    )[1]
    assert set(re.findall(r"`(\w+)`", text)) == set(
        PARAMETERS.names(cls.__name__, "free_on_resume")
    )


# A parameter that is added: its entry, and nothing else.

ENTRY = """    Hyperparameter(
        "drag",
        ParameterOf((*MLP, *TRAINER), "float or None", None, (POSITIVE, NONE)).says("Slows down."),
        needs_batches=True,
    ),
"""
BEFORE = '    Hyperparameter(\n        "weight_decay",'
PROGRAM = """
import inspect
from cmlp import MLPClassifier, MLPRegressor, Network, Trainer

for cls in (MLPClassifier, MLPRegressor, Trainer):
    names = list(inspect.signature(cls).parameters)
    assert names[names.index("drag") - 1] == "max_fun"
    assert inspect.signature(cls).parameters["drag"].annotation == "float | None"
    assert "drag : float or None, default=None\\n    Slows down.\\n" in inspect.getdoc(cls)
assert "`drag`, `max_grad_norm` and `dropout`" in " ".join(inspect.getdoc(MLPClassifier).split())
seen = []
class See:
    def on_fit_begin(self, trainer):
        seen.append(trainer._options.drag)
data = [[0.0], [1.0], [2.0]], [0, 1, 1]
model = MLPClassifier((2,), drag=2, max_iter=1, callbacks=[See()]).fit(*data)
assert (seen, model.get_params()["drag"], model.drag) == ([2.0], 2, 2)
Trainer(Network([1, 2, 2]), drag=3)
try:
    model.set_params(drag=-1).fit(*data)
except ValueError as error:
    print(error)
"""


@pytest.mark.skipif(not TOOL.exists(), reason="the script is in the source tree only")
@pytest.mark.filterwarnings("default")
def test_a_new_parameter_needs_an_entry_only(tmp_path):
    package = tmp_path / "src/cmlp"
    left_out = shutil.ignore_patterns("__pycache__", "core", "assets")
    shutil.copytree(Path(cmlp.__file__).parent, package, ignore=left_out)
    (tmp_path / "tools").mkdir()
    tool = shutil.copy(TOOL, tmp_path / "tools")
    entries = package / "_parameters/entries.py"
    text = entries.read_text(encoding="utf-8")
    assert text.count(BEFORE) == 1
    entries.write_text(text.replace(BEFORE, ENTRY + BEFORE), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(package.parent)}

    def run(*arguments):
        return subprocess.run(
            [sys.executable, *arguments],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )

    assert run(tool, "--check").returncode == 1
    assert run(tool).stderr == ""
    assert run(tool, "--check").returncode == 0
    done = run("-W", "ignore", "-c", PROGRAM)
    assert done.returncode == 0, done.stderr
    assert "The 'drag' parameter of MLPClassifier must be a float in the range (0.0, inf)" in (
        done.stdout
    )


# The flags of an entry, tried on one whose value changes nothing if no rows are held out.


def with_flags(monkeypatch, **flags):
    """Give the entry of `validation_fraction` other flags."""
    entry = Hyperparameter(
        "validation_fraction", *{*PARAMETERS.entries["validation_fraction"].uses.values()}, **flags
    )
    entries = {**PARAMETERS.entries, "validation_fraction": entry}
    monkeypatch.setattr(PARAMETERS, "__dict__", vars(Hyperparameters(entries.values())))


def test_a_parameter_that_needs_batches_is_refused_by_lbfgs(monkeypatch):
    pytest.importorskip("scipy")
    with_flags(monkeypatch, needs_batches=True)
    model = MLPClassifier((4,), solver="lbfgs", alpha=1.0, max_iter=500).fit(X, Y)
    with pytest.raises(
        ValueError, match=r"validation_fraction=0.5 needs batches: use another solver than 'lbfgs'"
    ):
        model.set_params(validation_fraction=0.5).fit(X, Y)


@pytest.mark.parametrize("free", [False, True])
def test_a_parameter_may_change_before_fit_resumes_only_if_its_row_says_so(monkeypatch, free):
    with_flags(monkeypatch, free_on_resume=free)
    model = MLPClassifier((4,), max_iter=3, random_state=0).fit(X, Y)
    model.set_params(validation_fraction=0.5, max_iter=5)
    if free:
        assert model.fit(X, Y, resume=True).n_iter_ == 5
    else:
        with pytest.raises(
            ValueError,
            match=r"validation_fraction=0.1, so validation_fraction=0.5 is not possible",
        ):
            model.fit(X, Y, resume=True)


@pytest.mark.parametrize("own", [False, True])
def test_a_parameter_may_differ_between_workers_only_if_its_row_says_so(monkeypatch, own):
    with_flags(monkeypatch, own_per_worker=own)

    def fit(comm):
        model = MLPClassifier(
            (4,), validation_fraction=comm.rank / 2, max_iter=3, batch_size=40, random_state=0
        )
        return distributed.fit(model, X, Y, comm=comm)

    models = in_threads(2, fit)
    if own:
        np.testing.assert_array_equal(models[0].coefs_[0], models[1].coefs_[0])
    else:
        assert all(
            "the same validation_fraction, got 0.0 on worker 0 and 0.5 on worker 1" in str(error)
            for error in models
        )
