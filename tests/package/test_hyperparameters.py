"""The table of hyperparameters: signatures agree with it; a new row is validated, compared and refused."""

import inspect
import re
from pathlib import Path

import numpy as np
import pytest
from helpers import imported
from worker_cases import in_threads

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

# A row is added to the table of hyperparameters, and constraints are compared with the core's
# names.
from cmlp._train.constraints import NOT_NEGATIVE
from cmlp._train.hyperparameters import REQUIRED, Hyperparameter, Hyperparameters, Use
from cmlp._train.parameters import PARAMETERS
from cmlp._train.training_parameters import TrainingParameters

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer", "ignore:A batch of 40")

TOOL = Path(__file__).parents[2] / "tools/write_docstrings.py"
CLASSES = [MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor, Trainer]
X = np.random.RandomState(0).standard_normal((40, 3))
Y = (X[:, 0] > 0).astype(int)
DATA = {"sizes", "network"}  # what a constructor has beside hyperparameters


def river_classes():
    river = pytest.importorskip("cmlp.river", reason="needs river")
    return [river.MLPClassifier, river.MLPRegressor]


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


@pytest.mark.parametrize("cls", CLASSES)
def test_signatures_have_the_parameters_and_defaults_of_the_table(cls):
    given, expected = defaults(cls), in_table(cls.__name__)
    assert given == expected
    assert {name: type(value) for name, value in given.items()} == {
        n: type(v) for n, v in expected.items()
    }


def test_signatures_of_river_have_the_parameters_and_defaults_of_the_table():
    for cls in river_classes():
        assert defaults(cls) == in_table(f"river.{cls.__name__}")


def test_signatures_of_networks_have_the_parameters_and_defaults_of_the_table():
    optimizer = defaults(Network.optimizer)
    assert optimizer.pop("solver") == "sgd"  # the core's names of solvers
    objective = dict.fromkeys(CostKeywords.__annotations__.keys() & {"alpha", "dropout"}, 0.0)
    assert {**defaults(Network), **optimizer, **objective} == in_table("Network")


def test_types_of_the_training_parameters_are_complete():
    assert {*TrainingParameters.__annotations__, "random_state"} == {*PARAMETERS.names("Trainer")}


@pytest.mark.parametrize("cls", CLASSES)
def test_shared_parameters_of_signatures_have_the_same_types(cls):
    theirs = inspect.get_annotations(TrainingParameters)
    own = {
        name: p.annotation
        for name, p in inspect.signature(cls).parameters.items()
        if name in theirs
    }
    assert own == {name: theirs[name] for name in own}


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


# A parameter that is added: its entry, its place in the signatures, and nothing else.

OWNERS = "MLPClassifier", "MLPRegressor", "Trainer"


def added(monkeypatch, **flags):
    """Add a parameter "drag" to the table, and return a classifier that has it."""
    entry = Hyperparameter(
        "drag", Use(OWNERS, "float", 0.0, (NOT_NEGATIVE,)).says("Slows down."), **flags
    )
    monkeypatch.setattr(
        PARAMETERS, "__dict__", vars(Hyperparameters([*PARAMETERS.entries.values(), entry]))
    )

    class Dragged(MLPClassifier):
        def __init__(
            self, hidden_layer_sizes=(4,), *, drag=0.0, max_iter=3, random_state=0, **others
        ):
            super().__init__(
                hidden_layer_sizes, max_iter=max_iter, random_state=random_state, **others
            )
            self.drag = drag

    return Dragged


def test_a_new_parameter_is_validated_and_a_setting(monkeypatch):
    dragged = added(monkeypatch)
    seen = []

    class See:
        def on_fit_begin(self, trainer):
            seen.append(trainer._options.drag)

    dragged(drag=2, callbacks=[See()]).fit(X, Y)
    assert seen == [2.0]
    with pytest.raises(
        ValueError,
        match=r"The 'drag' parameter of Dragged must be a float in the range \[0.0, inf\)",
    ):
        dragged(drag=-1).fit(X, Y)


def test_a_new_parameter_that_needs_batches_is_refused_by_lbfgs(monkeypatch):
    pytest.importorskip("scipy")
    dragged = added(monkeypatch, needs_batches=True)
    dragged(solver="lbfgs", alpha=1.0, max_iter=500).fit(X, Y)
    with pytest.raises(
        ValueError, match=r"drag=0.5 needs batches: use another solver than 'lbfgs'"
    ):
        dragged(solver="lbfgs", drag=0.5).fit(X, Y)


@pytest.mark.skipif(not TOOL.exists(), reason="the script is in the source tree only")
def test_a_new_parameter_is_written_into_the_docstring(monkeypatch):
    tool = imported(TOOL)
    source = (TOOL.parents[1] / "src/cmlp/_estimators/mlp.py").read_text(encoding="utf-8")
    at = source.index("provenance: bool = False,", source.index("class MLPClassifier("))
    module = tool.Module(f"{source[:at]}drag: float = 0.0, {source[at:]}")
    sections, signature = module.sections("MLPClassifier"), module.signature("MLPClassifier")
    with pytest.raises(ValueError, match="the parameter 'drag' has no entry in the docstring"):
        tool.parameters(sections, signature, "MLPClassifier", 4)
    added(monkeypatch, needs_batches=True)
    lines = tool.parameters(sections, signature, "MLPClassifier", 4)
    at = lines.index("drag : float, default=0.0")
    assert lines[at + 1 : at + 3] == ["    Slows down.", "provenance : bool, default=False"]
    assert "`dropout` and `drag`." in " ".join(" ".join(lines).split())


@pytest.mark.parametrize("free", [False, True])
def test_a_new_parameter_may_change_before_fit_resumes_only_if_its_row_says_so(monkeypatch, free):
    model = added(monkeypatch, free_on_resume=free)().fit(X, Y).set_params(drag=0.5, max_iter=5)
    if free:
        assert model.fit(X, Y, resume=True).n_iter_ == 5
    else:
        with pytest.raises(
            ValueError, match=r"continues a fit with drag=0.0, so drag=0.5 is not possible"
        ):
            model.fit(X, Y, resume=True)


@pytest.mark.parametrize("own", [False, True])
def test_a_new_parameter_may_differ_between_workers_only_if_its_row_says_so(monkeypatch, own):
    dragged = added(monkeypatch, own_per_worker=own)
    models = in_threads(
        2,
        lambda comm: distributed.fit(
            dragged(drag=float(comm.rank), batch_size=40), X, Y, comm=comm
        ),
    )
    if own:
        np.testing.assert_array_equal(models[0].coefs_[0], models[1].coefs_[0])
    else:
        assert all(
            "the same drag, got 0.0 on worker 0 and 1.0 on worker 1" in str(error)
            for error in models
        )
