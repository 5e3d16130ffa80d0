"""Metadata routing: requests for sample weights, and meta-estimators that route them."""

import copy
import inspect
import pickle

import numpy as np
import pytest
import sklearn
import sklearn.neural_network
from sklearn import ensemble
from sklearn.base import BaseEstimator, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.exceptions import UnsetMetadataPassedError
from sklearn.feature_selection import SequentialFeatureSelector
from sklearn.metrics import balanced_accuracy_score, make_scorer
from sklearn.model_selection import GridSearchCV, TunedThresholdClassifierCV, cross_validate
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, MultiOutputRegressor
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier
from sklearn.utils.metadata_routing import UNCHANGED

import cmlp
import cmlp.sklearn

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")

rng = np.random.RandomState(0)
X = rng.standard_normal((120, 4))
BINARY = (X[:, 0] + 0.3 * rng.standard_normal(120) > 0).astype(int)
THREE = np.digitize(X[:, 0], [-0.5, 0.5])
PAIRS = np.stack([BINARY, X[:, 1] > 0], axis=1).astype(int)
UNLABELED = np.where(np.arange(120) % 5, BINARY, -1)
NUMBERS = X.sum(axis=1)
WEIGHT = np.abs(rng.standard_normal(120)) + 0.1
PARAMS = {"hidden_layer_sizes": (4,), "max_iter": 3, "random_state": 0}


@pytest.fixture
def routing():
    with sklearn.config_context(enable_metadata_routing=True):
        yield


# The requests


@pytest.mark.parametrize("name", ["MLPClassifier", "MLPRegressor"])
def test_requests_equal_those_of_sklearn_estimator(routing, name):
    ours, theirs = getattr(cmlp.sklearn, name)(), getattr(sklearn.neural_network, name)()
    assert without_own(ours) == without_own(theirs)
    for method in ("fit", "partial_fit", "score"):
        setters = [getattr(model, f"set_{method}_request") for model in (ours, theirs)]
        ours_takes, theirs_takes = (
            set(inspect.signature(setter).parameters) - {"self"} for setter in setters
        )
        assert (
            ours_takes - theirs_takes == (OWN if method == "fit" else set())
            and theirs_takes <= ours_takes
        )
        assert [setter(sample_weight="w") for setter in setters] == [ours, theirs]
    assert without_own(ours) == without_own(theirs)
    assert "'w'" in str(ours.get_metadata_routing())


# What fit takes and scikit-learn's does not.
OWN = {"X_val", "y_val", "sample_weight_val", "resume", "shards"}


def without_own(model):
    routing = model.get_metadata_routing()
    methods = {
        method: dict(getattr(routing, method).requests)
        for method in ("fit", "partial_fit", "score")
    }
    return {
        method: {k: v for k, v in requests.items() if k not in OWN}
        for method, requests in methods.items()
    }


def fit_request(model):
    return model.get_metadata_routing().fit.requests["sample_weight"]


def pickled(model):
    return pickle.loads(pickle.dumps(model))


@pytest.mark.parametrize("duplicate", [clone, copy.copy, copy.deepcopy, pickled])
def test_copies_have_independent_requests(routing, duplicate):
    model = cmlp.sklearn.MLPClassifier().set_fit_request(sample_weight=True)
    twin = duplicate(model)
    assert fit_request(twin) is True
    twin.set_fit_request(sample_weight="w")
    assert fit_request(model) is True and fit_request(twin) == "w"


def test_setters_keep_requests_of_omitted_names(routing):
    model = cmlp.sklearn.MLPClassifier().set_partial_fit_request(sample_weight=True, classes=False)
    model.set_partial_fit_request(classes=True, sample_weight=UNCHANGED).set_score_request()
    assert model.get_metadata_routing().partial_fit.requests == {
        "sample_weight": True,
        "classes": True,
    }


def test_invalid_requests_raise_and_change_nothing(routing):
    model = cmlp.sklearn.MLPClassifier().set_fit_request(sample_weight=True)
    with pytest.raises(TypeError, match=r"Unexpected args: .* in fit"):
        model.set_fit_request(weights=True)
    with pytest.raises(ValueError, match="sample_weight"):
        model.set_fit_request(sample_weight=3)
    assert fit_request(model) is True


def test_setters_raise_if_routing_is_disabled():
    with pytest.raises(RuntimeError, match="only available when metadata routing is enabled"):
        cmlp.sklearn.MLPClassifier().set_fit_request(sample_weight=True)


def test_subclasses_request_their_own_metadata(routing):
    class Grouped(cmlp.sklearn.MLPRegressor):
        def fit(self, X, y, sample_weight=None, *, groups=None, **others):
            return super().fit(X, y, sample_weight)

    model = clone(Grouped().set_fit_request(groups=True))
    assert model.get_metadata_routing().fit.requests == {"sample_weight": None, "groups": True}
    assert without_own(cmlp.sklearn.MLPRegressor())["fit"] == {"sample_weight": None}


def test_subclasses_of_plain_classes_can_inherit_from_sklearn_base_estimator(routing):
    class Mixed(cmlp.MLPClassifier, BaseEstimator):
        pass

    class MixedLast(BaseEstimator, cmlp.MLPClassifier):
        pass

    for cls in (Mixed, MixedLast):
        assert fit_request(clone(cls().set_fit_request(sample_weight=True))) is True


@pytest.mark.parametrize("cls", [cmlp.sklearn.TabularClassifier, cmlp.sklearn.TabularRegressor])
def test_estimators_without_partial_fit_request_metadata(routing, cls):
    model = clone(cls().set_fit_request(sample_weight=True))
    assert fit_request(model) is True
    assert not hasattr(model, "set_partial_fit_request") and hasattr(model, "set_score_request")


# Meta-estimators


class Counted:
    """Mixin that counts the calls of fit and score, and those of them that received weights."""

    log = None

    def fit(self, X, y, sample_weight=None):
        self.log.append(("fit", sample_weight is not None))
        return super().fit(X, y, sample_weight)

    def score(self, X, y, sample_weight=None):
        self.log.append(("score", sample_weight is not None))
        return super().score(X, y, sample_weight)


class Case:
    """Estimators and arguments for one column of the table: routing on or off, weights or none.

    `module` has MLPClassifier and MLPRegressor: this package, or scikit-learn's.
    """

    def __init__(self, module, routed, weighted):
        self.log = []
        self.routed, self.weighted = routed, weighted
        self.requests = routed and weighted
        own = {"log": self.log}
        self.classes = {
            name: type(name, (Counted, getattr(module, name)), own)
            for name in ("MLPClassifier", "MLPRegressor")
        }
        self.weights = {"sample_weight": WEIGHT} if weighted else {}
        self.pipeline_weights = (
            self.weights if routed or not weighted else {"model__sample_weight": WEIGHT}
        )

    def classifier(self, **params):
        return self._request(self.classes["MLPClassifier"](**{**PARAMS, **params}))

    def regressor(self):
        return self._request(self.classes["MLPRegressor"](**PARAMS))

    def _request(self, model):
        if self.requests:
            model.set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        return model

    def scaler(self):
        return (
            StandardScaler().set_fit_request(sample_weight=False)
            if self.requests
            else StandardScaler()
        )

    def pipeline(self):
        return Pipeline([("scaler", self.scaler()), ("model", self.classifier())])

    def scorer(self):
        scorer = make_scorer(balanced_accuracy_score)
        return scorer.set_score_request(sample_weight=True) if self.requests else scorer

    def transformer(self):
        class Transformer(self.classes["MLPClassifier"]):
            def transform(self, X):
                return self.predict_proba(X)

            def fit_transform(self, X, y, sample_weight=None):
                return self.fit(X, y, sample_weight).transform(X)

        return self._request(Transformer(**PARAMS))

    def incremental(self):
        model = self.classifier()
        return model.set_partial_fit_request(sample_weight=True) if self.requests else model


META_ESTIMATORS = {
    "Pipeline.fit": lambda c: c.pipeline().fit(X, BINARY, **c.pipeline_weights),
    "Pipeline.score": lambda c: (
        c.pipeline().fit(X, BINARY, **c.pipeline_weights).score(X, BINARY, **c.weights)
    ),
    "GridSearchCV": lambda c: GridSearchCV(
        c.classifier(), {"alpha": [0, 1]}, cv=2, error_score="raise"
    ).fit(X, BINARY, **c.weights),
    "GridSearchCV of a Pipeline": lambda c: GridSearchCV(
        c.pipeline(), {"model__alpha": [0, 1]}, cv=2, error_score="raise"
    ).fit(X, BINARY, **c.pipeline_weights),
    "cross_validate": lambda c: cross_validate(
        c.classifier(), X, BINARY, cv=2, params=c.weights or None, error_score="raise"
    ),
    "CalibratedClassifierCV": lambda c: CalibratedClassifierCV(c.classifier(), cv=2).fit(
        X, BINARY, **c.weights
    ),
    "BaggingClassifier": lambda c: ensemble.BaggingClassifier(c.classifier(), 2).fit(
        X, BINARY, **c.weights
    ),
    "VotingClassifier": lambda c: ensemble.VotingClassifier(
        [("a", c.classifier()), ("b", c.classifier())], voting="soft"
    ).fit(X, BINARY, **c.weights),
    "StackingClassifier": lambda c: ensemble.StackingClassifier(
        [("a", c.classifier())], final_estimator=c.classifier(), cv=2
    ).fit(X, BINARY, **c.weights),
    "AdaBoostClassifier": lambda c: ensemble.AdaBoostClassifier(
        c.classifier(max_iter=60, learning_rate_init=0.05), n_estimators=2, random_state=0
    ).fit(X, BINARY, **c.weights),
    "TransformedTargetRegressor": lambda c: TransformedTargetRegressor(
        c.regressor(), func=np.sinh, inverse_func=np.arcsinh
    ).fit(X, NUMBERS, **c.weights),
    "TunedThresholdClassifierCV": lambda c: TunedThresholdClassifierCV(
        c.classifier(), cv=2, scoring=c.scorer()
    ).fit(X, BINARY, **c.weights),
    "SelfTrainingClassifier": lambda c: SelfTrainingClassifier(c.classifier()).fit(
        X, UNLABELED, **c.weights
    ),
    "OneVsRestClassifier": lambda c: OneVsRestClassifier(c.classifier()).fit(X, THREE, **c.weights),
    "OneVsRestClassifier.partial_fit": lambda c: OneVsRestClassifier(c.incremental()).partial_fit(
        X, THREE, np.unique(THREE), **c.weights
    ),
    "MultiOutputClassifier": lambda c: MultiOutputClassifier(c.classifier()).fit(
        X, PAIRS, **c.weights
    ),
    "MultiOutputRegressor": lambda c: MultiOutputRegressor(c.regressor()).fit(
        X, np.stack([NUMBERS, -NUMBERS], axis=1), **c.weights
    ),
    "ClassifierChain": lambda c: ClassifierChain(c.classifier()).fit(X, PAIRS, **c.weights),
    "SequentialFeatureSelector": lambda c: SequentialFeatureSelector(
        c.classifier(), n_features_to_select=1, cv=2
    ).fit(X, BINARY, **c.weights),
    "ColumnTransformer": lambda c: ColumnTransformer([("model", c.transformer(), [0, 1])]).fit(
        X, BINARY, **c.weights
    ),
    "ColumnTransformer in a Pipeline": lambda c: Pipeline(
        [
            (
                "columns",
                ColumnTransformer([("scaler", c.scaler(), [0, 1])], remainder="passthrough"),
            ),
            ("model", c.classifier()),
        ]
    ).fit(X, BINARY, **c.pipeline_weights),
}


# With routing and weights scikit-learn refuses these, for its own MLP too; up to 1.7 also the
# third.
REFUSED = ["AdaBoostClassifier", "SelfTrainingClassifier"]
if tuple(map(int, sklearn.__version__.split(".")[:2])) < (1, 8):
    REFUSED.append("GridSearchCV of a Pipeline")


def outcome(module, run, routed, weighted):
    """The type of the error or None, and every fit and score with whether it received weights."""
    case = Case(module, routed, weighted)
    with sklearn.config_context(enable_metadata_routing=routed):
        try:
            run(case)
        except Exception as error:
            return type(error).__name__, case.log
    return None, case.log


@pytest.mark.sampled(4)
@pytest.mark.parametrize("weighted", [False, True], ids=["", "weights"])
@pytest.mark.parametrize("routed", [False, True], ids=["", "routing"])
@pytest.mark.parametrize("name", META_ESTIMATORS)
@pytest.mark.filterwarnings("ignore:.*:UserWarning", "ignore:.*:FutureWarning")
def test_weights_reach_the_same_fits_and_scores_as_with_sklearns_estimator(name, routed, weighted):
    ours = outcome(cmlp.sklearn, META_ESTIMATORS[name], routed, weighted)
    assert ours == outcome(sklearn.neural_network, META_ESTIMATORS[name], routed, weighted)
    if routed and name not in REFUSED:
        assert ours[0] is None
        if "partial_fit" not in name:
            assert ("fit", weighted) in ours[1]


def test_the_table_has_84_combinations():
    assert len(META_ESTIMATORS) * 4 == 84


def test_weights_reach_worker_processes(routing):
    searches = [
        GridSearchCV(
            cmlp.sklearn.MLPClassifier(**PARAMS)
            .set_fit_request(sample_weight=True)
            .set_score_request(sample_weight=True),
            {"alpha": [0, 1]},
            cv=2,
            n_jobs=n_jobs,
        ).fit(X, BINARY, sample_weight=WEIGHT)
        for n_jobs in (None, 2)
    ]
    scores = [search.cv_results_["mean_test_score"] for search in searches]
    np.testing.assert_array_equal(*scores)


# Plain classes: no meta-estimator drops weights silently


PLAIN = {
    "Pipeline": lambda model: Pipeline(
        [("scaler", StandardScaler().set_fit_request(sample_weight=True)), ("model", model())]
    ).fit(X, BINARY, sample_weight=WEIGHT),
    "CalibratedClassifierCV": lambda model: CalibratedClassifierCV(model(), cv=2).fit(
        X, BINARY, sample_weight=WEIGHT
    ),
    "cross_validate": lambda model: cross_validate(
        model(),
        X,
        BINARY,
        cv=2,
        scoring=make_scorer(balanced_accuracy_score).set_score_request(sample_weight=True),
        params={"sample_weight": WEIGHT},
    ),
    "GridSearchCV": lambda model: GridSearchCV(model(), {"random_state": [0, 1]}, cv=2).fit(
        X, BINARY, sample_weight=WEIGHT
    ),
    "StackingClassifier": lambda model: ensemble.StackingClassifier(
        [("a", model())], final_estimator=model(), cv=2
    ).fit(X, BINARY, sample_weight=WEIGHT),
    "Pipeline.score": lambda model: (
        Pipeline([("model", model())]).fit(X, BINARY).score(X, BINARY, sample_weight=WEIGHT)
    ),
}
QUICK = {
    "MLPClassifier": PARAMS,
    "TabularClassifier": {"n_estimators": 1, "hidden_layer_sizes": (4,), "n_epochs": 1},
}


@pytest.mark.parametrize("kind", QUICK)
@pytest.mark.parametrize("name", PLAIN)
def test_meta_estimators_of_plain_classes_refuse_weights(routing, name, kind):
    with pytest.raises(UnsetMetadataPassedError, match="sample_weight"):
        PLAIN[name](lambda: getattr(cmlp, kind)(**QUICK[kind]))


@pytest.mark.parametrize("routed", [False, True])
def test_meta_estimators_of_plain_classes_work_without_weights(routed):
    with sklearn.config_context(enable_metadata_routing=routed):
        model = Pipeline([("scaler", StandardScaler()), ("model", cmlp.MLPClassifier(**PARAMS))])
        scores = cross_validate(
            GridSearchCV(model, {"model__alpha": [0, 1]}, cv=2),
            X,
            BINARY,
            cv=2,
            error_score="raise",
        )
    assert len(scores["test_score"]) == 2


@pytest.mark.parametrize(
    "name", ["set_fit_request", "set_partial_fit_request", "set_score_request"]
)
def test_plain_classes_name_the_class_with_requests(name):
    for kind in (cmlp.MLPClassifier, cmlp.TabularRegressor):
        assert not hasattr(kind, name)
        with pytest.raises(
            AttributeError, match=rf"'{name}': use the class of this name in cmlp\.sklearn"
        ):
            getattr(kind(), name)


# The estimators for tables have no partial_fit

TABLE = {"n_estimators": 1, "hidden_layer_sizes": (4,), "max_time": 1e-9, "random_state": 0}


@pytest.mark.parametrize("kind", [cmlp.sklearn.TabularClassifier, cmlp.sklearn.TabularRegressor])
def test_estimators_for_tables_request_weights_for_the_methods_that_they_have(routing, kind):
    model = kind().set_fit_request(sample_weight=True).set_score_request(sample_weight="w")
    fit = {
        "sample_weight": True,
        "groups": None,
        "time": None,
        "X_val": None,
        "y_val": None,
        "sample_weight_val": None,
        "groups_val": None,
        "resume": None,
    }
    assert model.get_metadata_routing().fit.requests == fit
    assert model.get_metadata_routing().score.requests == {"sample_weight": "w"}
    assert not model.get_metadata_routing().partial_fit.requests
    assert not hasattr(kind, "set_partial_fit_request") and not hasattr(
        model, "set_partial_fit_request"
    )


def table_of(log, **parameters):
    kind = type("Table", (Counted, cmlp.sklearn.TabularClassifier), {"log": log})
    return (
        kind(**{**TABLE, **parameters})
        .set_fit_request(sample_weight=True)
        .set_score_request(sample_weight=True)
    )


@pytest.mark.filterwarnings("ignore:.*nearly says y")
@pytest.mark.parametrize(
    "run",
    [
        lambda table: GridSearchCV(
            table(), {"n_estimators": [1, 2]}, cv=2, error_score="raise"
        ).fit(X, BINARY, sample_weight=WEIGHT),
        lambda table: cross_validate(
            table(),
            X,
            BINARY,
            cv=2,
            params={"sample_weight": WEIGHT},
            error_score="raise",
            return_train_score=True,
        ),
        lambda table: CalibratedClassifierCV(table(), cv=2).fit(X, BINARY, sample_weight=WEIGHT),
        lambda table: (
            Pipeline(
                [
                    ("scaler", StandardScaler().set_fit_request(sample_weight=False)),
                    ("model", table()),
                ]
            )
            .fit(X, BINARY, sample_weight=WEIGHT)
            .score(X, BINARY, sample_weight=WEIGHT)
        ),
        lambda table: ensemble.StackingClassifier(
            [("a", table())], final_estimator=table(), cv=2
        ).fit(X, BINARY, sample_weight=WEIGHT),
        lambda table: OneVsRestClassifier(table()).fit(X, THREE, sample_weight=WEIGHT),
    ],
    ids=[
        "GridSearchCV",
        "cross_validate",
        "CalibratedClassifierCV",
        "Pipeline",
        "Stacking",
        "OneVsRest",
    ],
)
def test_weights_reach_estimators_for_tables(routing, run):
    log = []
    run(lambda: table_of(log))
    assert log and all(weighted for _, weighted in log)
