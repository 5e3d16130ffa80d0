"""scikit-learn's own tests of its MLP, run on this package's estimators: 58 of 61 pass.

The source of the tests is read from the installed scikit-learn. Those that fail are listed with the reason.
"""

import importlib.util
import inspect
import types
from pathlib import Path

import pytest

import cmlp

EXPECTED_FAILURES = {
    "test_gradient": "calls the private _loss_grad_lbfgs; tests/core/test_gradients.py tests the same of the core",
    "test_early_stopping_stratified": "the error names the rare class by its label, 1; scikit-learn by its code, True",
    "test_mlp_diverging_loss": "a fit that diverges raises DivergenceError instead of ending with a score of NaN",
}

THEIR_IMPORT = "from sklearn.neural_network import MLPClassifier, MLPRegressor\n"
OUR_IMPORT = "from cmlp import MLPClassifier, MLPRegressor\n"
CLASSES = {"MLPClassifier": cmlp.MLPClassifier, "MLPRegressor": cmlp.MLPRegressor}

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]


# scikit-learn itself runs seed 42 by default.
@pytest.fixture(params=[42, *(pytest.param(seed, marks=pytest.mark.full) for seed in (0, 1))])
def global_random_seed(request):
    return request.param


def sklearns_tests():
    """Return a dict of the functions of sklearn/neural_network/tests/test_mlp.py, with our estimators in their module.

    The import is replaced in the source: the arguments of `parametrize` are evaluated while the module is loaded.
    """
    spec = importlib.util.find_spec("sklearn.neural_network.tests.test_mlp")
    source = Path(spec.origin).read_text(encoding="utf-8")
    assert source.count(THEIR_IMPORT) == 1
    module = types.ModuleType(spec.name)
    exec(compile(source.replace(THEIR_IMPORT, OUR_IMPORT), spec.origin, "exec"), vars(module))
    functions = {
        name: function for name, function in vars(module).items() if name.startswith("test_")
    }
    for name, reason in EXPECTED_FAILURES.items():
        functions[name] = pytest.mark.xfail(reason=reason, strict=True)(functions[name])
    return functions


SUITE = sklearns_tests()
globals().update(SUITE)


def test_the_suite_uses_our_classes():
    """Both as globals of the module and as arguments of `parametrize`, which are stored in marks."""
    parametrized = 0
    for function in SUITE.values():
        namespace = inspect.unwrap(function).__globals__
        assert all(namespace[name] is ours for name, ours in CLASSES.items())
        for mark in getattr(function, "pytestmark", []):
            values = mark.args[1] if mark.name == "parametrize" else []
            for estimator in (
                value for value in values if inspect.isclass(value) and value.__name__ in CLASSES
            ):
                parametrized += 1
                assert estimator is CLASSES[estimator.__name__]
    assert parametrized >= 12
