"""Ordered classes: answers above each class, their probabilities, the median, sets without gaps, and every format."""

import pickle

import numpy as np
import pytest
from c_export import predictions
from helpers import assert_same_bits, model_in_c
from internals import model_of

import cmlp
from cmlp import TabularClassifier
from cmlp.exceptions import InvalidParameterError

RANKS = ["poor", "fair", "good", "very good", "excellent"]
FAST = {"n_estimators": 4, "hidden_layer_sizes": (16,), "n_epochs": 8, "random_state": 0}


def rows(n=400, seed=0):
    """Return rows, and a rank from 0 to 4 of each that depends on the first two columns."""
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((n, 3))
    z = X[:, 0] + 0.5 * X[:, 1] ** 2 + 0.6 * rng.standard_normal(n)
    return X, np.digitize(z, [-0.6, 0.2, 0.9, 1.7])


X, RANK = rows()
TEXTS = np.array(RANKS)[RANK]
NEW = rows(300, seed=1)[0]


def fitted(**parameters):
    return TabularClassifier(**{**FAST, "ordered": RANKS, **parameters}).fit(X, TEXTS)


@pytest.fixture(scope="module")
def model():
    return fitted()


# ------------------------------------------------------------------------------------- probabilities and predictions


def by_hand(above):
    """Return the probabilities and the median of one row from the answers "above each class", by loops.

    test_ordered_probabilities_and_medians_have_known_values compares the functions with numbers.
    """
    least = []
    for answer in above:
        least.append(min([answer, *least[-1:]]))
    numbers = [1.0, *least, 0.0]
    probabilities = [numbers[k] - numbers[k + 1] for k in range(len(above) + 1)]
    rank, total = len(above), probabilities[-1]
    while rank > 0 and total <= 0.5:
        rank -= 1
        total += probabilities[rank]
    return probabilities, rank


def test_model_has_the_mean_answers_of_its_networks(model):
    trained = model_of(model)
    assert trained.net.n_out == 4 and trained.net.activations[-1] == "logistic"
    answers = []
    for net, params in trained.networks:
        inputs = trained.columns.encode(NEW, bins=trained.columns.has_bins(net))
        answers.append(net.forward(params, inputs).astype(np.float64))
    above = (answers[0] + answers[1] + answers[2] + answers[3]) / 4
    found = model.predict_proba(NEW)
    for one, label, answer in zip(found, model.predict(NEW), above.tolist(), strict=True):
        probabilities, rank = by_hand(answer)
        assert one.tolist() == probabilities and label == RANKS[rank]


def test_prediction_has_the_smallest_expected_distance(model):
    found = model.predict_proba(NEW)
    distance = np.abs(np.arange(5)[:, None] - np.arange(5))
    predicted = (model.predict(NEW)[:, None] == model.classes_).argmax(axis=1)
    costs = found @ distance
    assert (costs[np.arange(len(NEW)), predicted] <= costs.min(axis=1) + 1e-12).all()
    # The most probable class is another one in some rows.
    assert (predicted != found.argmax(axis=1)).any()


def test_networks_learn_what_decides():
    model = fitted(n_epochs=60)
    assert model.score(NEW, np.array(RANKS)[rows(300, seed=1)[1]]) > 0.4
    assert model.feature_importances_[:2].sum() > 0.9
    easy = TabularClassifier(ordered=True, random_state=0).fit(
        X[:, :1], np.digitize(X[:, 0], [0, 1])
    )
    assert easy.predict([[-1.0], [0.5], [2.0]]).tolist() == [0, 1, 2]


def test_predictions_do_not_depend_on_other_rows_or_threads(model):
    order = np.random.RandomState(0).permutation(len(NEW))
    found = model.predict_proba(NEW)
    assert_same_bits(model.predict_proba(NEW[order]), found[order])
    assert_same_bits(np.concatenate([model.predict_proba([row]) for row in NEW[:20]]), found[:20])
    assert_same_bits(fitted(n_threads=1).predict_proba(NEW), found)


# ---------------------------------------------------------------------------------------------------------- the order


def test_order_is_that_of_the_list_whatever_else_it_has():
    model = fitted(ordered=["awful", *RANKS, "perfect"])
    assert model.classes_.tolist() == RANKS
    assert_same_bits(model.predict_proba(NEW), fitted().predict_proba(NEW))


def test_numbers_and_booleans_ascend():
    model = TabularClassifier(**{**FAST, "ordered": True}).fit(X, RANK * 10 - 20)
    assert model.classes_.tolist() == [-20, -10, 0, 10, 20]
    assert_same_bits(model.predict_proba(NEW), fitted().predict_proba(NEW))
    assert TabularClassifier(**FAST, ordered=True).fit(X, RANK > 2).classes_.tolist() == [
        False,
        True,
    ]


def types_with_an_order():
    """Return y in types of libraries that have an order, with a category that no row has."""
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    pyarrow = pytest.importorskip("pyarrow")
    categories = [*RANKS[:2], "none", *RANKS[2:]]
    codes = [categories.index(text) for text in TEXTS.tolist()]
    categorical = pandas.Categorical(TEXTS, categories, ordered=True)
    return {
        "Categorical": categorical,
        "Series": pandas.Series(categorical),
        "DataFrame": pandas.DataFrame({"grade": categorical}),
        "Enum": polars.Series(TEXTS.tolist(), dtype=polars.Enum(categories)),
        "dictionary": pyarrow.DictionaryArray.from_arrays(
            pyarrow.array(codes, pyarrow.int8()), categories, ordered=True
        ),
    }


@pytest.mark.parametrize("name", ["Categorical", "Series", "DataFrame", "Enum", "dictionary"])
@pytest.mark.filterwarnings("ignore:A column-vector y")
def test_order_is_that_of_the_type_of_y(name, model):
    y = types_with_an_order()[name]
    found = TabularClassifier(**FAST).fit(X, y)
    assert found.classes_.tolist() == RANKS
    assert_same_bits(found.predict_proba(NEW), model.predict_proba(NEW))
    assert found.score(X, y) == model.score(X, TEXTS)


def test_types_without_an_order_and_false_give_sorted_classes():
    pandas = pytest.importorskip("pandas")
    plain = TabularClassifier(**FAST).fit(X, TEXTS)
    assert plain.classes_.tolist() == sorted(RANKS)
    without = pandas.Series(pandas.Categorical(TEXTS, RANKS))
    ordered = pandas.Series(pandas.Categorical(TEXTS, RANKS, ordered=True))
    for model in (
        TabularClassifier(**FAST).fit(X, without),
        TabularClassifier(**FAST, ordered=False).fit(X, ordered),
    ):
        assert_same_bits(model.predict_proba(NEW), plain.predict_proba(NEW))


@pytest.mark.parametrize(
    "parameters, y, message",
    [
        (
            {"ordered": True},
            TEXTS,
            r"ordered=True needs the order of labels that are text: pass them",
        ),
        ({"ordered": RANKS[1:]}, TEXTS, r"all labels of y, but lacks \['poor'\]"),
        ({"ordered": ["Poor", *RANKS[1:]]}, TEXTS, r"'poor' is like 'Poor'"),
        ({"ordered": [*RANKS, "poor"]}, TEXTS, "must be a list of different labels"),
        ({"ordered": [*RANKS, []]}, TEXTS, "must be a list of different labels"),
        ({"ordered": True}, RANK[:, None] > [0, 1], "must be False or 'from_dtype' if y has"),
        ({"ordered": "yes"}, TEXTS, "'ordered' parameter .* must be a str among {'from_dtype'}"),
        ({"ordered": RANKS, "class_weight": "balanced"}, TEXTS, "class_weight must be None for"),
        ({"ordered": True}, np.arange(400), "at most 256, got 400: use TabularRegressor"),
    ],
)
def test_orders_that_are_none_are_refused(parameters, y, message):
    with pytest.raises(InvalidParameterError, match=message):
        TabularClassifier(**{**FAST, **parameters}).fit(X, y)


def test_more_than_two_ordered_classes_have_no_threshold(model):
    with pytest.raises(ValueError, match="A threshold needs a classifier of two classes"):
        model.choose_threshold(X, TEXTS, recall=0.9)


def test_two_classes_are_as_without_an_order(tmp_path):
    y = np.where(RANK > 2, "high", "low")
    plain = TabularClassifier(**FAST).fit(X, y)
    same = TabularClassifier(**FAST, ordered=["high", "low"]).fit(X, y)
    assert_same_bits(same.predict_proba(NEW), plain.predict_proba(NEW))
    other = TabularClassifier(**FAST, ordered=["low", "high"]).fit(X, y)
    assert other.classes_.tolist() == ["low", "high"]
    numbers = TabularClassifier(**FAST).fit(X, RANK > 2)
    assert_same_bits(other.predict_proba(NEW), numbers.predict_proba(NEW))
    other.choose_threshold(X, y, recall=0.95)
    for model in (same, other):
        model.save(tmp_path / "two.cmlp")
        loaded = cmlp.load(tmp_path / "two.cmlp")
        assert loaded.classes_.tolist() == model.classes_.tolist()
        assert (loaded.predict(NEW) == model.predict(NEW)).all()
        assert_c_agrees(tmp_path / "two.cmlp", model)


# --------------------------------------------------------------------------------- sets, calibration and validation


def assert_sets_are_ranges(sets, model):
    for members in sets:
        inside = np.flatnonzero(members)
        assert (np.diff(inside) == 1).all()
    predicted = (model.predict(NEW)[:, None] == model.classes_).argmax(axis=1)
    assert sets[np.arange(len(sets)), predicted].all()


@pytest.mark.parametrize("coverage", [0.1, 0.5, 0.9])
def test_sets_have_no_gap_and_the_prediction(model, coverage, tmp_path):
    sets = model.predict_set(NEW, coverage)
    model.save(tmp_path / "model.cmlp")
    in_c = model_in_c(tmp_path / "model.cmlp")
    assert ([in_c.sets(coverage, row) for row in NEW] == sets).all()
    assert_sets_are_ranges(sets, model)
    margin = model_of(model).calibration.margins(coverage)[0]
    predicted = (model.predict(NEW)[:, None] == model.classes_).argmax(axis=1)
    for members, one, rank in zip(sets, model.predict_proba(NEW), predicted.tolist(), strict=True):
        near = [k for k in range(5) if 1 - one[k] <= margin or k == rank]
        assert np.flatnonzero(members).tolist() == [*range(min(near), max(near) + 1)]


def test_sets_cover_as_many_of_the_rows_that_calibrate_as_asked_for():
    model = fitted().calibrate(*(part[:200] for part in (X, TEXTS)))
    inside = model.predict_set(X[:200], 0.8)[np.arange(200), RANK[:200]]
    assert np.ceil(0.8 * 201) / 200 <= inside.mean() <= 0.9
    new, rank = rows(3000, seed=7)
    covered = model.predict_set(new, 0.8)[np.arange(3000), rank].mean()
    assert abs(covered - 0.8) < 0.08


def test_groups_are_held_out_and_counted():
    groups = np.arange(len(X)) // 8
    model = TabularClassifier(**{**FAST, "ordered": RANKS}).fit(X, TEXTS, groups=groups)
    calibration = model_of(model).calibration
    assert calibration.groups.n == 50 and len(calibration.scores) == 1
    assert_sets_are_ranges(model.predict_set(NEW), model)
    model.calibrate(X, TEXTS, groups=groups, probabilities=True)
    assert np.abs(model.predict_proba(NEW).sum(axis=1) - 1).max() < 1e-14


def log_loss(model, X, rank):
    return -np.log(np.maximum(model.predict_proba(X)[np.arange(len(X)), rank], 1e-9)).mean()


@pytest.mark.parametrize("by_rows", [False, True])
def test_calibrated_probabilities_are_those_of_every_export(by_rows, tmp_path):
    model, (new, rank) = fitted(n_epochs=40), rows(1500, seed=3)
    before = log_loss(model, new, rank)
    if by_rows:
        model.calibrate(*(part[:600] for part in (new, np.array(RANKS)[rank])), probabilities=True)
    else:
        model.calibrate(probabilities=True)
    assert log_loss(model, new[600:], rank[600:]) < before + 0.02
    assert_sets_are_ranges(model.predict_set(NEW), model)
    model.save(tmp_path / "calibrated.cmlp")
    assert_same_bits(
        cmlp.load(tmp_path / "calibrated.cmlp").predict_proba(NEW), model.predict_proba(NEW)
    )
    assert_c_agrees(tmp_path / "calibrated.cmlp", model)


def test_validation_rows_and_their_labels():
    model = TabularClassifier(**{**FAST, "ordered": RANKS})
    model.fit(X[:300], TEXTS[:300], X_val=X[300:], y_val=TEXTS[300:])
    assert model_of(model).calibration.scores.shape == (1, 100)
    with pytest.raises(ValueError, match=r"X_val, y_val\): `y` has classes not in"):
        model.fit(X[:300], TEXTS[:300], X_val=X[300:], y_val=["bad"] * 100)


def test_warm_start_keeps_the_order(model):
    warm = fitted(warm_start=True)
    warm.fit(X, TEXTS)
    assert warm.classes_.tolist() == RANKS
    assert (warm.predict_proba(NEW) != model.predict_proba(NEW)).any()
    warm.ordered = RANKS[::-1]
    with pytest.raises(ValueError, match="warm_start=True needs the classes of the model"):
        warm.fit(X, TEXTS)


def test_weights_are_how_often_a_row_counts():
    twice = TabularClassifier(**{**FAST, "ordered": RANKS, "early_stopping": False})
    weights = 1.0 + (RANK == 4)
    rare = twice.fit(X, TEXTS, sample_weight=weights).predict_proba(NEW)[:, 4].mean()
    assert rare > twice.fit(X, TEXTS).predict_proba(NEW)[:, 4].mean()


# -------------------------------------------------------------------------------------------- formats and other methods


def assert_c_agrees(path, model):
    """Compare the C library's labels and probabilities, with and without outputs, with Python's."""
    loaded = model_in_c(path)
    found, expected = model.predict(NEW), model.predict_proba(NEW)
    for row, label, probabilities in zip(NEW, found, expected, strict=True):
        index, outputs = loaded.predict(row)
        assert_same_bits(outputs, probabilities)
        assert loaded.label(index)[0] == label


def test_file_has_the_order_and_c_the_probabilities(model, tmp_path):
    path = tmp_path / "ranks.cmlp"
    model.save(path)
    assert b'"kind":"ordered"' in path.read_bytes()[:200]
    loaded = cmlp.load(path)
    assert loaded.classes_.tolist() == RANKS and loaded.ordered == RANKS
    assert_same_bits(loaded.predict_proba(NEW), model.predict_proba(NEW))
    assert (loaded.predict_set(NEW) == model.predict_set(NEW)).all()
    assert_c_agrees(path, model)


def test_pickle_and_copy_have_the_order(model):
    other = pickle.loads(pickle.dumps(model))
    assert other.classes_.tolist() == RANKS
    assert (other.predict(NEW) == model.predict(NEW)).all()
    other.classes_ = ["E", "D", "C", "B", "A"]
    assert other.predict(NEW).tolist() == [
        "EDCBA"[RANKS.index(label)] for label in model.predict(NEW)
    ]
    with pytest.raises(ValueError, match="classes_ must be a list of 5 distinct labels"):
        other.classes_ = ["A", "B", "C", "D", "A"]


def test_c_header_has_the_bits_of_python(model, tmp_path):
    model.to_c(tmp_path / "table.h")
    outputs, classes = predictions(tmp_path, "table", NEW, output="double", classify=True)
    assert_same_bits(outputs, model.predict_proba(NEW))
    assert (model.classes_[classes] == model.predict(NEW)).all()


@pytest.mark.parametrize("opset", [11, 17])
def test_onnx_has_the_probabilities_and_the_median(model, opset, tmp_path):
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    model.to_onnx(tmp_path / "ranks.onnx", opset=opset)
    session = runtime.InferenceSession(tmp_path / "ranks.onnx")
    inputs = [one.name for one in session.get_inputs()]
    columns = {name: NEW[:, [k]] for k, name in enumerate(inputs)}
    labels, probabilities = session.run(None, columns)
    np.testing.assert_allclose(probabilities, model.predict_proba(NEW), atol=1e-6)
    assert labels.tolist() == model.predict(NEW).tolist()


def test_torch_module_has_the_probabilities(model):
    torch = pytest.importorskip("torch")
    with torch.no_grad():
        found = model.to_torch()(torch.tensor(NEW)).numpy()
    np.testing.assert_allclose(found, model.predict_proba(NEW), atol=1e-6)


def test_record_is_verified():
    y = np.array(RANKS)[RANK]
    model = fitted(provenance=True)
    assert cmlp.verify(model, X, y).identical
    model.ordered = RANKS[::-1]
    assert not cmlp.verify(model, X, y).identical


def test_certified_rows_keep_their_prediction(model):
    radius = 0.05
    found = model.certify(NEW[:60], radius, max_time=20)
    assert {*found.answers.tolist()} >= {"certified", "counterexample"}
    predicted = model.predict(NEW[:60])
    rng = np.random.RandomState(0)
    for row, label, answer, other in zip(
        NEW, predicted, found.answers, found.counterexamples, strict=False
    ):
        if answer == "counterexample":
            assert model.predict([other])[0] != label
            assert (np.abs(other - row) <= radius * (1 + 1e-12)).all()
        elif answer == "certified":
            near = row + radius * (2 * rng.random_sample((200, 3)) - 1)
            assert (model.predict(near) == label).all()


def test_explanation_has_the_effects_on_each_probability(model):
    found = model.explain(NEW[:3], X[:20])
    assert found.values.shape == (3, 3, 5) and found.output_names == RANKS
    np.testing.assert_allclose(
        found.values.sum(axis=1) + found.base_values, model.predict_proba(NEW[:3]), atol=1e-5
    )
