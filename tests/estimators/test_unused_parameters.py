"""Parameters that have no effect under the others: `UnusedParameterWarning`, and the same bits as with the default."""

import warnings

import pytest
from estimator_cases import blobs, flat
from optional import package

import cmlp
from cmlp import MLPClassifier, MLPRegressor, Network, Trainer
from cmlp.exceptions import UnusedParameterWarning

pytestmark = [
    pytest.mark.filterwarnings("ignore:Stochastic Optimizer"),
    pytest.mark.filterwarnings("ignore:lbfgs failed to converge"),
]

X, Y = blobs(n_rows=60)
OTHERS = [{"solver": "adam"}, {"solver": "adamw", "weight_decay": 0.1}]
SGD, LBFGS, ADAM = {"solver": "sgd"}, {"solver": "lbfgs"}, OTHERS[0]
EVERY = {"tol": 0.0}
PLANS = [
    {**solver, "learning_rate": plan} for solver in (ADAM, SGD) for plan in ("cosine", "one_cycle")
]
OWN_ROWS = {"early_stopping": True, "X_val": X[:20], "y_val": Y[:20]}
STOPPING = {"early_stopping": True, "learning_rate_init": 0.1, "max_iter": 40}


def function(step, n_steps):
    return 0.01 + 0.001 * step


# For each pair of a parameter and another one: the value of the first, settings under which it has
# no effect, and settings under which it has one.
PAIRS = {
    ("batch_size", "solver"): (7, [LBFGS], [ADAM, SGD]),
    ("learning_rate", "solver"): (
        ["invscaling", "adaptive"], [*OTHERS, LBFGS], [{**SGD, "learning_rate_init": 1.0, "max_iter": 60}],
    ),
    ("learning_rate_init", "solver"): (0.02, [LBFGS], [ADAM, SGD]),
    ("learning_rate_init", "learning_rate"): (0.02, [{"learning_rate": function}], PLANS),
    ("power_t", "solver"): (
        0.3, [*OTHERS, LBFGS, {**ADAM, "learning_rate": "invscaling"}], [{**SGD, "learning_rate": "invscaling"}],
    ),
    ("power_t", "learning_rate"): (
        0.3, [SGD, {**SGD, "learning_rate": "cosine"}], [{**SGD, "learning_rate": "invscaling"}],
    ),
    ("max_fun", "solver"): (2, [*OTHERS, SGD], [LBFGS]),
    ("shuffle", "solver"): ([False, "blocks"], [LBFGS], [{**ADAM, "batch_size": 8}]),
    ("warmup", "solver"): (3, [LBFGS], [ADAM]),
    ("block_size", "solver"): (8, [LBFGS], []),
    ("block_size", "shuffle"): (8, [ADAM, {"shuffle": False}], [{"shuffle": "blocks", "batch_size": 8}]),
    ("momentum", "solver"): (0.5, [*OTHERS, LBFGS], [SGD]),
    ("nesterovs_momentum", "solver"): (False, [*OTHERS, LBFGS], [SGD]),
    ("nesterovs_momentum", "momentum"): (False, [{**SGD, "momentum": 0.0}], [SGD]),
    ("beta_1", "solver"): (0.5, [SGD, LBFGS], OTHERS),
    ("beta_2", "solver"): (0.9, [SGD, LBFGS], OTHERS),
    ("epsilon", "solver"): (0.1, [SGD, LBFGS], OTHERS),
    ("early_stopping", "solver"): (True, [LBFGS], [ADAM]),
    ("validation_fraction", "solver"): (0.3, [LBFGS, {**LBFGS, "early_stopping": True}], []),
    ("validation_fraction", "early_stopping"): (0.3, [ADAM, {**OWN_ROWS, "early_stopping": False}], [STOPPING]),
    ("validation_fraction", "X_val"): (0.3, [OWN_ROWS], [STOPPING]),
    ("n_iter_no_change", "solver"): (1, [LBFGS], [STOPPING]),
    ("n_iter_no_change", "learning_rate"): (
        1, [*PLANS, {**STOPPING, "learning_rate": "cosine"}, {"learning_rate": function}], [STOPPING],
    ),
    ("tol", "learning_rate"): (
        10.0, [*PLANS, {**STOPPING, "learning_rate": "cosine"}], [{"max_iter": 40}, LBFGS],
    ),
    ("dropout", "hidden_layer_sizes"): (0.5, [{"hidden_layer_sizes": ()}], [{"hidden_layer_sizes": (5,)}]),
}  # fmt: skip


def without_effect():
    for (name, other), (values, ineffective, _) in PAIRS.items():
        for value in values if isinstance(values, list) else [values]:
            for settings in ineffective:
                yield pytest.param(
                    name, other, value, settings, id=f"{name}={value}, {other}, {show(settings)}"
                )


def with_effect():
    for (name, other), (values, _, effective) in PAIRS.items():
        value = values[0] if isinstance(values, list) else values
        for settings in effective:
            yield pytest.param(
                name, value, settings, id=f"{name}={value}, {other}, {show(settings)}"
            )


def show(settings):
    shown = {name: getattr(value, "__name__", value) for name, value in settings.items()}
    return " ".join(
        f"{name}={value}" for name, value in shown.items() if name not in ("X_val", "y_val")
    )


def fitted(settings, **parameters):
    """Return the weights of a fit, and its warnings of unused parameters."""
    settings = {
        "hidden_layer_sizes": (5,),
        "max_iter": 4,
        "random_state": 0,
        **settings,
        **parameters,
    }
    rows = {name: settings.pop(name) for name in ("X_val", "y_val") if name in settings}
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always", UnusedParameterWarning)
        model = MLPClassifier(**settings).fit(X, Y, **rows)
    return flat(model), [str(one.message) for one in seen if one.category is UnusedParameterWarning]


@pytest.mark.parametrize("name, other, value, settings", list(without_effect()))
def test_parameter_without_effect_is_named(name, other, value, settings):
    expected, known = fitted(settings)
    weights, texts = fitted(settings, **{name: value})
    assert weights.tobytes() == expected.tobytes()
    new = [text for text in texts if text not in known]
    assert len(new) == 1 and new[0].startswith(
        f"{name} differs from its default, but has no effect with this {other}: "
    )


@pytest.mark.parametrize("name, value, settings", list(with_effect()))
def test_parameter_with_effect_is_silent(name, value, settings):
    expected, _ = fitted(settings)
    weights, texts = fitted(settings, **{name: value})
    assert weights.tobytes() != expected.tobytes() and not texts


def test_one_text_for_each_pair():
    texts = {}
    for (name, other), (values, ineffective, _) in PAIRS.items():
        for value in values if isinstance(values, list) else [values]:
            for settings in ineffective:
                known = fitted(settings)[1]
                texts.setdefault((name, other), set()).update(
                    set(fitted(settings, **{name: value})[1]) - set(known)
                )
    assert all(len(seen) == 1 for seen in texts.values())


def test_pair_is_shown_once_with_the_default_filter():
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("default")
        for momentum in (0.1, 0.2):
            for solver in ("adam", "adamw", "sgd"):
                MLPClassifier((5,), solver=solver, momentum=momentum, max_iter=1).fit(X, Y)
    assert [str(one.message) for one in seen if one.category is UnusedParameterWarning] == [
        'momentum differs from its default, but has no effect with this solver: only "sgd" uses it.'
    ]


def test_a_search_shows_each_pair_once():
    """scikit-learn changes the filters for each fit, and Python then forgets what it has shown."""
    search = package("sklearn.model_selection").GridSearchCV
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("default")
        search(
            MLPClassifier((5,), solver="sgd", max_iter=2),
            {"beta_1": [0.5, 0.6], "beta_2": [0.9]},
            cv=3,
        ).fit(X, Y)
    texts = [str(one.message).split()[0] for one in seen if one.category is UnusedParameterWarning]
    assert sorted(texts) == ["beta_1", "beta_2"]


@pytest.mark.parametrize("place", [{}, {"module": __name__}, {"message": "beta_1 differs"}])
def test_other_filters_decide_as_usual(place):
    with warnings.catch_warnings(record=True) as seen:
        warnings.resetwarnings()
        warnings.filterwarnings("ignore")
        warnings.filterwarnings("always", **place)
        for _ in range(3):
            MLPClassifier((5,), solver="sgd", max_iter=1, beta_1=0.5).fit(X, Y)
    assert len([one for one in seen if one.category is UnusedParameterWarning]) == 3


def regressor(**parameters):
    MLPRegressor(hidden_layer_sizes=(5,), max_iter=2, **parameters).fit(X, Y)


def part(**parameters):
    MLPClassifier((5,), **parameters).partial_fit(X, Y, classes=[0, 1, 2])


def batches(**parameters):
    MLPClassifier((5,), max_iter=2, **parameters).fit_batches([(X, Y)], classes=[0, 1, 2])


def many(**parameters):
    cmlp.fit_many([MLPClassifier((5,), max_iter=2, **parameters) for _ in range(2)], X=X, y=Y)


def network(**parameters):
    Network([4, 5, 3]).fit(X, Y, max_iter=2, **parameters)


def trainer(**parameters):
    Trainer(Network([4, 5, 3]), max_iter=2, **parameters)


@pytest.mark.parametrize("fit", [regressor, part, batches, many, network, trainer])
def test_every_way_to_train_warns(fit):
    with pytest.warns(
        UnusedParameterWarning, match="^momentum differs .* with this solver"
    ) as seen:
        fit(momentum=0.5)
    assert {one.filename for one in seen} == {__file__}


def test_trainer_names_own_rows():
    trainer = Trainer(Network([4, 5, 3]), max_iter=2, early_stopping=True, validation_fraction=0.3)
    with pytest.warns(
        UnusedParameterWarning, match="^validation_fraction differs .* with this X_val"
    ):
        trainer.run(X, Y, X_val=X, y_val=Y)


def test_values_equal_to_the_defaults_are_silent():
    defaults = MLPClassifier().get_params()
    assert (
        fitted(
            {},
            **{name: type(value)(value) for name, value in defaults.items() if value is not None},
        )[1]
        == []
    )


@pytest.mark.parametrize("plan", PLANS, ids=show)
def test_asking_for_all_epochs_of_a_plan_is_silent(plan):
    assert fitted(plan, tol=0, n_iter_no_change=float("inf"))[1] == []


def test_warning_as_an_error_leaves_the_estimator_as_it_was():
    model = MLPClassifier((5,), max_iter=2, random_state=0).fit(X, Y)
    before = flat(model)
    with pytest.raises(UnusedParameterWarning), warnings.catch_warnings():
        warnings.simplefilter("error")
        model.set_params(momentum=0.5).fit(X, Y)
    assert flat(model).tobytes() == before.tobytes()


@pytest.mark.parametrize("name", ["3b1b", "fast"])
def test_presets_are_silent(name):
    model = MLPClassifier.from_preset(name, batch_size=10, learning_rate_init=0.01)
    with warnings.catch_warnings():
        warnings.simplefilter("error", UnusedParameterWarning)
        model.fit(X, Y)
