"""Several targets and several labels per row: known answers, intervals, files, C, exports and refusals."""

import json
import pickle

import numpy as np
import pytest
from helpers import model_in_c
from internals import model_of
from model_files import is_accepted_elsewhere, repaired, split

import cmlp
from cmlp import TabularClassifier, TabularRegressor
from cmlp.exceptions import ModelFormatError

# One column says the class.
pytestmark = pytest.mark.filterwarnings("ignore::cmlp.exceptions.LeakWarning")

TINY = {
    "n_estimators": 2,
    "hidden_layer_sizes": (16,),
    "learning_rate_init": 0.005,
    "n_epochs": 15,
    "random_state": 0,
}


class Named:
    """Targets with names, as a data frame has them."""

    def __init__(self, **columns):
        self.columns, self.values = list(columns), np.stack(list(columns.values()), axis=1)
        self.shape = self.values.shape

    def __len__(self):
        return len(self.values)

    def __getitem__(self, name):
        return self.values[:, self.columns.index(name)]

    def __array__(self, dtype=None, copy=None):
        return self.values.astype(dtype or float)


def rows(n, seed=0):
    """Return rows, and two independent targets in different units: a step of column 0, a wave of column 1."""
    rng = np.random.RandomState(seed)
    X = rng.random_sample((n, 3))
    noise = rng.standard_normal((n, 2)) / 10
    return X, np.stack([np.where(X[:, 0] > 0.3, 2.0, 0), np.sin(6 * X[:, 1])], axis=1) + noise


def labels(n, seed=0):
    X, _ = rows(n, seed)
    return X, np.stack([X[:, 0] > 0.5, X[:, 1] + X[:, 2] > 1, X[:, 2] > 0.8], axis=1).astype(int)


@pytest.fixture(scope="module")
def regressor():
    X, y = rows(400)
    return TabularRegressor(**TINY, keep_background=8).fit(X, Named(step=y[:, 0], wave=y[:, 1]))


@pytest.fixture(scope="module")
def classifier():
    return TabularClassifier(**TINY).fit(*labels(400))


@pytest.fixture(params=["regressor", "classifier"])
def model(request):
    return pickle.loads(pickle.dumps(request.getfixturevalue(request.param)))


def outputs_of(model, X):
    return model.predict(X) if isinstance(model, TabularRegressor) else model.predict_proba(X)


# ------------------------------------------------------------------------------------------------ known answers


def test_each_of_two_independent_targets_is_learned_as_alone(regressor):
    X, y = rows(400)
    X_new, y_new = rows(2000, seed=1)
    predicted = regressor.predict(X_new)
    errors = np.sqrt(((predicted - y_new) ** 2).mean(axis=0))
    for k in range(2):
        alone = TabularRegressor(**TINY).fit(X, y[:, k])
        assert errors[k] < 1.3 * np.sqrt(((alone.predict(X_new) - y_new[:, k]) ** 2).mean())
    scores = 1 - errors**2 / y_new.var(axis=0)
    assert np.isclose(regressor.score(X_new, y_new), scores.mean()) and scores.min() > 0.8


def test_units_of_a_target_change_no_bit_of_the_others(regressor):
    X, y = rows(400)
    other = TabularRegressor(**TINY, keep_background=8).fit(X, y * [1, 2.0**40])
    assert (other.predict(X) == regressor.predict(X) * [1, 2.0**40]).all()


def test_one_column_is_one_target():
    X, y = rows(60)
    with pytest.warns(cmlp.exceptions.DataConversionWarning):
        column = TabularRegressor(**TINY).fit(X, y[:, :1])
    assert (column.predict(X) == TabularRegressor(**TINY).fit(X, y[:, 0]).predict(X)).all()


def test_single_quantile_of_each_target():
    X, y = rows(600)
    model = TabularRegressor(**{**TINY, "n_epochs": 60}, loss="quantile", quantile=0.8).fit(X, y)
    assert (np.abs((y <= model.predict(X)).mean(axis=0) - 0.8) < 0.08).all()


def test_labels_are_those_with_a_probability_above_one_half(classifier):
    X, y = labels(1000, seed=1)
    probabilities = classifier.predict_proba(X)
    assert probabilities.shape == (1000, 3) and classifier.classes_.tolist() == [0, 1, 2]
    assert (classifier.predict(X) == (probabilities > 0.5)).all() and classifier.predict(
        X
    ).dtype == np.int64
    right = classifier.predict(X) == y
    assert right.mean() > 0.9 and classifier.score(X, y) == right.all(axis=1).mean()
    assert (classifier.predict_log_proba(X) == np.log(probabilities)).all()


def test_class_weight_of_a_label_raises_its_probability(classifier):
    X, y = labels(400)
    weights = [{0: 1, 1: 1}, {0: 1, 1: 1}, {0: 1, 1: 20}]
    heavy = TabularClassifier(**TINY, class_weight=weights).fit(X, y)
    assert (heavy.predict_proba(X)[:, 2] > classifier.predict_proba(X)[:, 2]).mean() > 0.9
    with pytest.raises(ValueError, match="number of elements in class_weight should match"):
        TabularClassifier(**TINY, class_weight=weights[:2]).fit(X, y)


def test_rows_of_weight_zero_do_not_count(model):
    X, y = (rows if isinstance(model, TabularRegressor) else labels)(400)
    bad = np.where(np.arange(500)[:, None] < 400, np.resize(y, (500, y.shape[1])), 1)
    twin = type(model)(**model.get_params()).fit(np.resize(X, (500, 3)), bad, np.arange(500) < 400)
    again = type(model)(**model.get_params()).fit(X, y)
    assert (outputs_of(twin, X) == outputs_of(again, X)).all()


def test_validation_data_choose_the_epoch(model):
    draw = rows if isinstance(model, TabularRegressor) else labels
    (X, y), (X_val, y_val) = draw(200), draw(100, seed=1)
    model.fit(X, y, X_val=X_val, y_val=y_val)
    assert (
        len(model.history_["validation_loss"]) == 2 * 15
        and model_of(model).calibration.scores.shape[1] == 100
    )
    with pytest.raises(ValueError, match=r"y.* columns"):
        model.fit(X, y, X_val=X_val, y_val=np.tile(y_val, 2))


class StopAfterFive:
    def on_fit_begin(self, trainer): ...

    def on_fit_end(self, trainer): ...

    def on_epoch_end(self, trainer):
        if trainer.state.epoch == 5:
            trainer.stop()


def test_resume_and_warm_start(model):
    draw = rows if isinstance(model, TabularRegressor) else labels
    X, y = draw(200)
    whole = type(model)(**TINY).fit(X, y)
    parts = type(model)(**TINY, callbacks=[StopAfterFive()]).fit(X, y)
    parts.set_params(callbacks=None).fit(X, y, resume=True)
    assert (outputs_of(parts, X) == outputs_of(whole, X)).all()
    parts.set_params(warm_start=True).fit(X, y)
    with pytest.raises(ValueError, match="warm_start=True needs"):
        parts.fit(X, np.concatenate([y, y[:, :1]], axis=1))


# --------------------------------------------------------------------------------------------------- intervals


def test_each_target_has_its_own_intervals():
    regressor = TabularRegressor(**TINY, interval_width="constant").fit(*rows(400))
    X, y = rows(3000, seed=2)
    held_out = regressor.predict_interval(X, 0.8)
    separate = (
        pickle.loads(pickle.dumps(regressor))
        .calibrate(*rows(2000, seed=3))
        .predict_interval(X, 0.8)
    )
    for found in (held_out, separate):
        assert found.shape == (3000, 2, 2)
        covered = ((found[..., 0] <= y) & (y <= found[..., 1])).mean(axis=0)
        assert (np.abs(covered - 0.8) < (0.12 if found is held_out else 0.03)).all()
    widths = np.ptp(separate, axis=-1)
    errors = np.sort(
        np.abs(rows(2000, seed=3)[1] - regressor.predict(rows(2000, seed=3)[0])), axis=0
    )
    assert (
        np.allclose(widths, 2 * errors[1600]) and len(np.unique(errors[1600])) == 2
    )  # rank ceil(2001 * 0.8)


def test_each_target_has_its_own_widths():
    """The noise of the first target grows with it; that of the second one shrinks."""
    rng = np.random.RandomState(0)
    X = rng.random_sample((800, 1))
    y = 9 * X + 4 * np.concatenate([0.1 + X, 1.1 - X], axis=1) * rng.standard_normal((800, 2))
    model = TabularRegressor(**TINY).fit(X, y)
    first, second = np.ptp(model.predict_interval([[0.1], [0.9]]), axis=-1).T
    assert first[1] > 2 * first[0] and second[0] > 2 * second[1]


def test_each_label_has_its_own_set(classifier):
    X, y = labels(3000, seed=2)
    model = pickle.loads(pickle.dumps(classifier)).calibrate(*labels(1000, seed=3))
    sets = model.predict_set(X, 0.99)
    assert (
        sets.shape == (3000, 3, 2)
        and sets.any(axis=-1).all()
        and not sets.all(axis=-1).all(axis=0).any()
    )
    covered = np.take_along_axis(sets, y[..., None], axis=-1).mean(axis=0)
    assert (covered > 0.975).all()
    most_probable = np.take_along_axis(sets, classifier.predict(X)[..., None], axis=-1)
    assert most_probable.all()


def test_explanation_names_the_targets(regressor, classifier):
    X = rows(5, seed=4)[0]
    found = regressor.explain(X, exact=True)
    assert found.output_names == ["step", "wave"] and found.values.shape == (5, 3, 2)
    assert np.allclose(found.values.sum(axis=1), regressor.predict(X) - found.base_values)
    effects = np.abs(found.values).mean(axis=0)
    assert effects[:, 0].argmax() == 0 and effects[:, 1].argmax() == 1
    assert classifier.explain(X, X).output_names == ["0", "1", "2"]
    assert TabularRegressor(**TINY).fit(*rows(40)).explain(X, X).output_names == [
        "output 0",
        "output 1",
    ]


# ----------------------------------------------------------------------------------------------- files and C


def test_file_has_the_same_bits_in_python_and_in_c(model, tmp_path):
    path, X = tmp_path / "model.cmlp", rows(50, seed=2)[0]
    model.save(path)
    loaded, file = cmlp.load(path), path.read_bytes()
    assert (outputs_of(loaded, X) == outputs_of(model, X)).all() and is_accepted_elsewhere(file)
    in_c = model_in_c(path)
    assert all(
        (in_c.predict(row)[1] == expected).all()
        for row, expected in zip(X, outputs_of(model, X), strict=True)
    )
    for coverage in (0.5, 0.9):
        if isinstance(model, TabularRegressor):
            intervals = model.predict_interval(X, coverage)
            assert ([in_c.intervals(coverage, row) for row in X] == intervals).all()
        else:
            sets = model.predict_set(X, coverage)
            assert ([in_c.sets(coverage, row) for row in X] == sets).all()
    loaded.save(tmp_path / "again.cmlp")
    assert (tmp_path / "again.cmlp").read_bytes() == file
    is_regressor = isinstance(model, TabularRegressor)
    assert (b'"requires":"targets"' in file) == is_regressor
    if is_regressor:
        assert in_c.predict(X[0])[0] == -1 and loaded.explain(X[:1]).output_names == [
            "step",
            "wave",
        ]


@pytest.fixture
def parts(regressor, tmp_path):
    regressor.save(tmp_path / "good.cmlp")
    return split((tmp_path / "good.cmlp").read_bytes())


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        (b'"requires":"targets"', b'"requires":"targets,targets"', "FILE_SYNTAX"),
        (b'"requires":"targets"', b'"requires":"targets,units"', "FILE_VERSION"),
        (b'"requires":"targets"', b'"requires":"gates,targets"', "FILE_VERSION"),
        (b'"requires":"targets"', b'"requires":"targets,"', "FILE_SYNTAX"),
        (b'"requires":"targets"', b'"requires":"target"', "FILE_VERSION"),
        (b'"targets.ends"', b'"targets.endz"', "FILE_NAME"),
        (b'"targets.text":{"dtype":"U8"', b'"targets.text":{"dtype":"I8"', "FILE_TENSOR"),
        (b'"table.target":{"dtype":"F64","shape":[2,4]', b'"table.target":{"dtype":"F64","shape":[4,2]', "FILE_TENSOR"),
        (b'"table.target":{"dtype":"F64","shape":[2,4]', b'"table.target":{"dtype":"F64","shape":[8]', "FILE_TENSOR"),
        (b'"table.target"', b'"table.targex"', "FILE_NAME"),
        (b'"calibration.scores":{"dtype":"F64","shape":[2,100]', b'"calibration.scores":{"dtype":"F64","shape":[1,200]',
         "FILE_TENSOR"),
        (b',"columns":', b',"volumns":', "FILE_SYNTAX"),
        (b'"cmlp":"1"', b'"cmlp":"2"', "FILE_VERSION"),
    ],
)  # fmt: skip
def test_bad_file_raises(parts, old, new, status, tmp_path):
    text, data = parts
    assert text.count(old) == 1
    file = repaired(text.rstrip(b" ").replace(old, new), data)
    (tmp_path / "bad.cmlp").write_bytes(file)
    with pytest.raises(ModelFormatError) as error:
        cmlp.load(tmp_path / "bad.cmlp")
    assert error.value.status == f"CMLP_ERROR_{status}"
    assert not is_accepted_elsewhere(file)


def test_number_of_a_target_is_checked(parts, tmp_path):
    text, data = parts
    offsets = json.loads(text)["table.target"]["data_offsets"]
    for at, value in (
        (5, -1.0),
        (4, np.nan),
        (7, -9.0),
    ):  # scale, centre and highest of the second target
        numbers = bytearray(data)
        numbers[offsets[0] + 8 * at : offsets[0] + 8 * at + 8] = np.float64(value).tobytes()
        (tmp_path / "bad.cmlp").write_bytes(repaired(text, bytes(numbers)))
        with pytest.raises(ModelFormatError) as error:
            cmlp.load(tmp_path / "bad.cmlp")
        assert error.value.status == "CMLP_ERROR_FILE_VALUE"


# ----------------------------------------------------------------------------------------- around the estimators


def test_verify_trains_again(model):
    draw = rows if isinstance(model, TabularRegressor) else labels
    X, y = draw(100)
    fitted = type(model)(**TINY, provenance=True).fit(X, y)
    assert cmlp.verify(fitted, X, y).identical
    y[0, 1] = 1 - y[0, 1]
    assert cmlp.verify(fitted, X, y).reason == "data"


@pytest.mark.parametrize("n_labels", [2, 3])
def test_scorers_of_rankings_read_the_probabilities_of_labels(n_labels):
    metrics = pytest.importorskip("sklearn.metrics")
    from sklearn.model_selection import cross_val_score

    X, y = labels(120)
    y = y[:, :n_labels]
    model = TabularClassifier(**TINY).fit(X, y)
    probabilities = model.predict_proba(X)
    for name in ("roc_auc", "average_precision"):
        score = getattr(metrics, f"{name}_score")(y, probabilities)
        assert metrics.get_scorer(name)(model, X, y) == pytest.approx(score, abs=1e-12)
        assert np.isfinite(cross_val_score(model, X, y, scoring=name, cv=3)).all()
    odds = model.decision_function(X)
    assert odds.shape == y.shape
    np.testing.assert_array_equal(odds > 0, model.predict(X))
    np.testing.assert_allclose(1 / (1 + np.exp(-odds)), probabilities, rtol=1e-12)


def test_log_odds_of_labels_are_finite(monkeypatch):
    X, y = labels(60)
    model = TabularClassifier(**TINY).fit(X, y[:, :2])
    p = np.array(
        [[0, 1], [1e-300, 1 - 2**-53], [np.nextafter(0.5, 0), np.nextafter(0.5, 1)], [0.5, 0.5]]
    )
    monkeypatch.setattr(TabularClassifier, "predict_proba", lambda self, X: p)
    odds = model.decision_function(X)
    assert np.isfinite(odds).all()
    assert (np.diff(odds[:, 0]) > 0).all()
    assert odds[0, 1] > odds[1, 1] > odds[2, 1] > 0
    assert not odds[3].any()


def test_only_a_table_of_labels_has_log_odds():
    model = TabularClassifier(**TINY)
    assert not hasattr(TabularClassifier, "decision_function")
    assert not hasattr(model, "decision_function")
    X, y = labels(60)
    model.fit(X, y[:, 0])
    with pytest.raises(AttributeError, match="use predict_proba"):
        model.decision_function(X)


def test_scikit_learn_clones_and_validates(model):
    selection = pytest.importorskip("sklearn.model_selection")
    base = pytest.importorskip("sklearn.base")
    X, y = (rows if isinstance(model, TabularRegressor) else labels)(120)
    twin = base.clone(model)
    assert len(selection.cross_val_score(twin, X, y, cv=2)) == 2
    assert selection.cross_val_predict(twin, X, y, cv=2).shape == y.shape


def test_info_and_predict_of_the_command(regressor, tmp_path, capsys):
    from cmlp.__main__ import main

    X = rows(3, seed=5)[0]
    path, data = tmp_path / "model.cmlp", tmp_path / "rows.csv"
    regressor.save(path)
    np.savetxt(data, X, delimiter=",")
    assert main(["info", str(path)]) == 0 and "2: step, wave" in capsys.readouterr().out
    assert main(["predict", str(path), str(data), "--header", "no"]) == 0
    found = [list(map(float, line.split(","))) for line in capsys.readouterr().out.splitlines()]
    assert (found == regressor.predict(X)).all()


def test_train_command_takes_one_target(tmp_path, capsys):
    from cmlp.__main__ import main

    with pytest.raises(SystemExit):
        main(
            [
                "train",
                str(tmp_path / "rows.csv"),
                "--target",
                "a",
                "--target",
                "b",
                "-o",
                str(tmp_path / "model"),
            ]
        )
    assert "--target takes one column, got a and b" in capsys.readouterr().err


# ---------------------------------------------------------------------------------------------------- refusals


def test_quantiles_of_several_targets_raise():
    X, y = rows(40)
    with pytest.raises(
        ValueError,
        match=r"quantile must be one number if y has several columns, got .* and 2 columns",
    ):
        TabularRegressor(**TINY, loss="quantile", quantile=[0.1, 0.9]).fit(X, y)


@pytest.mark.parametrize("method", ["score", "calibrate"])
def test_y_of_another_shape_raises(regressor, classifier, method):
    X, y = rows(20)
    for wrong in (y[:, 0], np.tile(y, 2)):
        with pytest.raises(ValueError, match="y must have 2 columns, as in fit"):
            getattr(regressor, method)(X, wrong)
    with pytest.raises(ValueError, match=r"y must have"):
        getattr(classifier, method)(X, labels(20)[1][:, :2])


def test_far_target_is_named_with_its_column(regressor):
    X, y = rows(40)
    y[7, 1] = 1e151
    with pytest.raises(
        ValueError, match=r"y must be between -1e150 and 1e150, got 1e\+151 in row 7, column 1"
    ):
        TabularRegressor(**TINY).fit(X, y)
    y[7, 1] = np.nan
    remedy = "fit a model for each target, on the rows that have it"
    with pytest.raises(
        ValueError, match=rf"Input y contains NaN at row 7, column 1\. .*{remedy}\."
    ):
        TabularRegressor(**TINY).fit(X, y)
    y[7, 0] = np.inf
    with pytest.raises(ValueError, match=r"Input y contains infinity .* at row 7, column 0\."):
        TabularRegressor(**TINY).fit(X, y)


def test_labels_that_are_not_bits_raise():
    X, y = labels(40)
    with pytest.raises(ValueError, match="y must contain only 0 and 1"):
        TabularClassifier(**TINY).fit(X, np.minimum(y * 3, 2))
