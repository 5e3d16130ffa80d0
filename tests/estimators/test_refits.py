"""Methods that another thread's fit overtakes: each call reads one model, and no answer mixes two of them."""

import io
import pickle
import re
import sys
import threading

import numpy as np
import pytest
from helpers import uniform
from optional import package

import cmlp
from cmlp import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor

pytestmark = [
    pytest.mark.filterwarnings("ignore:Stochastic Optimizer"),
    pytest.mark.filterwarnings("ignore:y has labels that fit did not have"),  # of the other fit
]

X = uniform(0, 60, 2)
MANY = np.resize(X, (2100, 2))  # rows of more than one block
NETWORK = {
    "hidden_layer_sizes": (3,),
    "max_iter": 2,
    "learning_rate_init": 0.1,
    "random_state": 0,
    "n_threads": 1,
}
NETWORK |= {"provenance": True}
TABLE = {
    "hidden_layer_sizes": (3,),
    "n_estimators": 2,
    "n_epochs": 1,
    "random_state": 0,
    "n_threads": 1,
}
TABLE |= {"provenance": True, "keep_background": 4}
KINDS = {
    "MLPClassifier": MLPClassifier(**NETWORK),
    "MLPRegressor": MLPRegressor(**NETWORK),
    "quantiles": MLPRegressor("quantile", quantile=(0.2, 0.8), **NETWORK),
    "TabularClassifier": TabularClassifier(**TABLE),
    "TabularRegressor": TabularRegressor(**TABLE),
}
# Two fits: other classes, another scale of the targets, and of the columns.
ANSWERS = {
    "classifier": [
        np.array(["a", "b", "c"])[np.arange(60) % 3],
        np.array(["p", "q", "r"])[np.digitize(X.sum(axis=1), [-0.4, 0.4])],
    ],
    "regressor": [X.sum(axis=1), 1000 - 500 * X[:, 0]],
}
ROWS = [X, 3 * X**3 + 1]


def answers(model):
    return ANSWERS["classifier" if hasattr(model, "predict_proba") else "regressor"]


@pytest.fixture(scope="module", params=KINDS)
def fitted(request):
    """Two fitted estimators of one kind."""
    model = KINDS[request.param]
    return [
        type(model)(**model.get_params()).fit(rows, y)
        for rows, y in zip(ROWS, answers(model), strict=True)
    ]


def written(method, **options):
    """Return a call of a method that writes a file, and returns its bytes."""

    def call(model, folder):
        getattr(model, method)(folder / "model", **options)
        return (folder / "model").read_bytes()

    return call


def c_header(model, _):
    file = io.StringIO()
    model.to_c(file, name="model", dtype="float32")
    return file.getvalue()


def html(model, _):
    package("sklearn")
    return re.sub(r"\bsk-[\w-]*", "", model._repr_mimebundle_()["text/html"])


def drawn(name, *fields, **options):
    """Return a call that draws a plot, and returns these fields of it."""

    def call(model, _):
        package("matplotlib").use("agg")
        from matplotlib import pyplot

        from cmlp import plots

        display = getattr(plots, name).from_estimator(model, **options)
        pyplot.close(display.figure_)
        return [getattr(display, field) for field in fields]

    return call


def of_dask(model, _):
    array = package("dask.array")
    return cmlp.distributed.predict(model, array.from_array(X)).compute(scheduler="synchronous")


def mean_score(model, _):
    """Return the score for labels that both models know, or for numbers; other labels only count as wrong."""
    y = answers(model)[0]
    return model.score(MANY, np.resize(y, (2100,)))


def optional(name, method):
    def call(model, folder):
        package(name)
        return method(model, folder)

    return call


# The calls of the public methods that read the fitted model.
CALLS = {
    "activations": lambda model, _: model.activations(X),
    "certify": lambda model, _: model.certify(X[:3], 0.01),
    "decision_function": lambda model, _: model.decision_function(X),
    "drift": lambda model, _: model.drift(X),
    "explain": lambda model, _: model.explain(X[:2], X[:4]),
    "gradients": lambda model, _: model.gradients(X, answers(model)[0]),
    "input_gradient": lambda model, _: model.input_gradient(X, answers(model)[0]),
    "outside": lambda model, _: model.outside(MANY),
    "predict": lambda model, _: model.predict(MANY),
    "predict_interval": lambda model, _: model.predict_interval(MANY),
    "predict_log_proba": lambda model, _: model.predict_log_proba(MANY),
    "predict_proba": lambda model, _: model.predict_proba(MANY),
    "predict_set": lambda model, _: model.predict_set(MANY),
    "save": written("save"),
    "score": mean_score,
    "to_bytes": lambda model, _: model.to_bytes(),
    "to_c": c_header,
    "to_html": written("to_html"),
    "to_onnx": optional("onnx", written("to_onnx")),
    "to_sklearn": optional("sklearn", lambda model, _: model.to_sklearn()),
    "to_torch": optional("torch", lambda model, _: model.to_torch()),
}
# What is no method, and functions of the package.
OTHERS = {
    "BoundaryDisplay": drawn("BoundaryDisplay", "values", "classes", X=X, resolution=5),
    "LossCurveDisplay": drawn("LossCurveDisplay", "loss_curve", "validation_loss"),
    "distributed.predict": of_dask,
    "explain with the kept rows": lambda model, _: model.explain(X[:2]),
    "from_pipeline": optional("sklearn", lambda model, _: cmlp.from_pipeline(pipeline_of(model))),
    "html": html,
    "pickle": lambda model, _: pickle.dumps(model),
    "save with the training state": written("save", include_training_state=True),
    "verify": lambda model, _: cmlp.verify(model, X, answers(model)[0]),
}
PARAMETERS = MLPClassifier.get_params.__module__  # which knows no fitted model
DRAWN = {"BoundaryDisplay"}  # each drawing takes 50 ms
# These train, or know nothing of a fitted model. Two of them never train one estimator at a time.
WITHOUT_MODEL = {
    *("calibrate", "choose_threshold", "fit", "fit_batches", "partial_fit"),
    *(
        "from_arrays",
        "from_preset",
        "get_metadata_routing",
        "get_params",
        "set_callbacks",
        "set_params",
    ),
    *("feature_names_in_", "holds_until_"),  # of data frames, and of fits with time= only
    *("set_fit_request", "set_partial_fit_request", "set_score_request"),
}


def pipeline_of(model):
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler().fit(X), model)


def calls_of(model):
    """Return the calls for a kind of estimator: its methods, its fitted attributes, and others."""
    public = {name for name in dir(type(model)) if not name.startswith("_")} - WITHOUT_MODEL
    attributes = {name for name in public if name.endswith("_")}
    public = {name for name in public if name in attributes or hasattr(model, name)}
    assert public - attributes <= set(CALLS), "a new method needs a call in CALLS"
    found = {name: CALLS[name] for name in public - attributes}
    found |= {name: lambda model, _, name=name: getattr(model, name) for name in attributes}
    found |= OTHERS
    if not hasattr(model, "predict_proba"):
        found = {name: call for name, call in found.items() if name != "BoundaryDisplay"}
    return dict(sorted(found.items()))


def plain(value):
    """Return a result as nested tuples of bytes, text and numbers."""
    if isinstance(value, np.ndarray):
        return (
            value.tolist()
            if value.dtype == object
            else (value.dtype.str, value.shape, value.tobytes())
        )
    if isinstance(value, dict):
        return [(plain(name), plain(entry)) for name, entry in value.items()]
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, cmlp.Network):
        return value.sizes, value.params.tobytes()
    if hasattr(value, "state_dict"):  # of PyTorch
        return {name: tensor.numpy().tobytes() for name, tensor in value.state_dict().items()}
    if hasattr(value, "coefs_"):
        return plain(
            [value.coefs_, value.intercepts_, getattr(value, "classes_", None), value.loss_curve_]
        )
    if hasattr(value, "__dict__"):
        return plain(vars(value))
    return repr(value)


def outcome(call, model, folder):
    """Return the result or the error of a call."""
    try:
        return plain(call(model, folder))
    except (TypeError, ValueError) as error:
        return f"{type(error).__name__}: {error}"


def overtaken(step, call, model, other, folder):
    """Return the outcome of a call in which the results of another fit are stored at one point, and the points.

    The points are the returns of functions, of Python and of C, from or to a frame that knows the estimator.
    """
    seen = 0

    def knows(frame):
        module = frame.f_globals.get("__name__", "")
        is_own = module.startswith("cmlp.") and module != PARAMETERS
        return is_own and any(value is model for value in frame.f_locals.values())

    def profile(frame, event, _):
        nonlocal seen
        if event in ("return", "c_return") and (knows(frame) or knows(frame.f_back)):
            if seen == step:
                vars(model).update(vars(other))  # as fit does
            seen += 1

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        found = outcome(call, model, folder)
    finally:
        sys.setprofile(before)
    return found, seen


def twin_of(model):
    twin = type(model)()
    vars(twin).update(vars(model))
    return twin


@pytest.mark.filterwarnings("ignore::cmlp.exceptions.MovedRowsWarning")  # y of the other fit
def test_no_answer_mixes_two_fits(fitted, tmp_path):
    """At every point of every method, as if another thread's fit ended there."""
    one, other = fitted
    mixed = {}
    for name, call in calls_of(one).items():
        wanted = [outcome(call, model, tmp_path) for model in fitted]
        if name in DRAWN or (
            wanted[0] == wanted[1] and "Error: " in wanted[0]
        ):  # this kind has no such method
            continue
        _, n_points = overtaken(-1, call, twin_of(one), other, tmp_path)
        assert n_points, name
        found = [
            overtaken(step, call, twin_of(one), other, tmp_path)[0] for step in range(n_points)
        ]
        if any(each not in wanted for each in found):
            mixed[name] = [step for step, each in enumerate(found) if each not in wanted]
    assert not mixed


# These have the seconds of each epoch, which no two fits share.
TIMED = {"history_", "html", "pickle", "save with the training state"}


@pytest.mark.filterwarnings("ignore::cmlp.exceptions.MovedRowsWarning")  # y of the other fit
def test_no_answer_mixes_two_fits_of_a_thread(fitted, tmp_path):
    """While a thread fits the estimator again and again, in turn on two data sets."""
    model = twin_of(fitted[0])
    calls = {name: call for name, call in calls_of(model).items() if name not in TIMED}
    wanted = {
        name: [outcome(call, one, tmp_path) for one in fitted] for name, call in calls.items()
    }
    is_over, n_fits = threading.Event(), 0

    def refit():
        nonlocal n_fits
        while not is_over.is_set():
            i = (n_fits + 1) % 2
            model.fit(ROWS[i], answers(model)[i])
            n_fits += 1

    thread, interval = threading.Thread(target=refit), sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    thread.start()
    try:
        for name, call in calls.items():
            for _ in range(10):
                assert outcome(call, model, tmp_path) in wanted[name], name
    finally:
        is_over.set()
        thread.join()
        sys.setswitchinterval(interval)
    assert n_fits > 1
