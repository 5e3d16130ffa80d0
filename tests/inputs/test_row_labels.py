"""Arguments with an entry for each row are named if their index has the labels of X's index in another order."""

import warnings

import numpy as np
import pytest
from optional import package
from worker_cases import in_threads

import cmlp
from cmlp import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor

pandas = package("pandas")
QUICK = {"n_estimators": 1, "hidden_layer_sizes": (4,), "n_epochs": 1, "random_state": 0}
NETWORK = {"hidden_layer_sizes": (4,), "max_iter": 1, "early_stopping": True}
N = 200
RNG = np.random.default_rng(0)
X = pandas.DataFrame({"size": RNG.normal(size=N), "other": RNG.normal(size=N)})
NUMBER = X["size"] + RNG.normal(size=N)
CLASS = (NUMBER > 0).map({True: "yes", False: "no"})
WEIGHT = pandas.Series(RNG.uniform(1, 2, N))
GROUP = pandas.Series(np.arange(N) // 4)


def shuffled(column):
    return column.sample(frac=1, random_state=0)


def named(function, *arguments, **keywords):
    """Return the arguments that the warnings of a call name."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function(*arguments, **keywords)
    texts = [str(one.message) for one in caught if "index in another order" in str(one.message)]
    return [text.removeprefix("The index of ").partition(" ")[0] for text in texts]


def network():
    return MLPRegressor(**NETWORK)


def table():
    return TabularRegressor(**QUICK)


def fitted(model, y=NUMBER):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(X, y)


ROWS = {"X": X, "y": NUMBER, "sample_weight": WEIGHT}
GROUPS = {**ROWS, "groups": GROUP}
OWN = {f"{name}_val": held for name, held in ROWS.items()}
OTHERS = {**GROUPS, **OWN, "groups_val": GROUP + 1000}
CLASSES = {**GROUPS, "y": CLASS}
CALLS = {
    "fit of a network": (lambda: network().fit, {**ROWS, **OWN}),
    "partial_fit": (lambda: MLPRegressor(hidden_layer_sizes=(4,)).partial_fit, ROWS),
    "fit of a table": (lambda: table().fit, OTHERS),
    "score of a network": (lambda: fitted(network()).score, ROWS),
    "score of a table": (lambda: fitted(table()).score, ROWS),
    "calibrate": (lambda: fitted(table()).calibrate, GROUPS),
    "calibrate of classes": (lambda: fitted(TabularClassifier(**QUICK), CLASS).calibrate, CLASSES),
    "choose_threshold": (
        lambda: (
            lambda **rows: fitted(TabularClassifier(**QUICK), CLASS).choose_threshold(
                **rows, recall=0.5
            )
        ),
        CLASSES,
    ),
    "gradients": (lambda: fitted(network()).gradients, ROWS),
    "input_gradient": (lambda: fitted(network()).input_gradient, {"X": X, "y": NUMBER}),
    "find_learning_rate": (
        lambda: (
            lambda **rows: cmlp.find_learning_rate(
                MLPRegressor(hidden_layer_sizes=(4,)), **rows, n_steps=2
            )
        ),
        ROWS,
    ),
    "a trainer": (
        lambda: (
            cmlp.Trainer(
                cmlp.Network([2, 1], output="identity", loss="squared_error"), max_iter=1
            ).run
        ),
        {**ROWS, "y": NUMBER.to_frame(), **OWN, "y_val": NUMBER.to_frame()},
    ),
}


DISPLAYS = {"BoundaryDisplay": {}, "MistakesDisplay": {"image_shape": (1, 2)}}


@pytest.mark.parametrize("display", DISPLAYS)
def test_displays_compare_rows_and_classes(display):
    package("matplotlib")
    from cmlp import plots

    model = fitted(MLPClassifier((4,), max_iter=1), CLASS)
    draw = getattr(plots, display).from_estimator
    assert named(draw, model, X, CLASS, **DISPLAYS[display]) == []
    assert named(draw, model, X, shuffled(CLASS), **DISPLAYS[display]) == ["y"]


def test_rows_that_measure_a_program_of_integers_are_compared(tmp_path):
    model = fitted(MLPClassifier((4,), max_iter=1), CLASS)
    assert (
        named(model.to_c, tmp_path / "model.h", dtype="float32", int8=True, calibrate=(X, CLASS))
        == []
    )
    assert named(
        model.to_c, tmp_path / "model.h", dtype="float32", int8=True, calibrate=(X, shuffled(CLASS))
    ) == ["y"]


def test_frames_of_a_stream_are_compared():
    model = package("cmlp.river").MLPRegressor(hidden_layer_sizes=(4,))
    assert named(model.learn_many, X, NUMBER) == []
    assert named(model.learn_many, X, shuffled(NUMBER)) == ["y"]


@pytest.mark.parametrize("call", CALLS)
def test_each_argument_in_another_order_is_named(call):
    make, arguments = CALLS[call]
    assert named(make(), **arguments) == []
    for name in set(arguments) - {"X", "X_val"}:
        assert named(make(), **{**arguments, name: shuffled(arguments[name])}) == [name], name


def test_the_message_names_the_remedies():
    for suffix in ("", "_val"):
        with pytest.warns(UserWarning) as caught:
            table().fit(
                **{**GROUPS, **OTHERS, f"groups{suffix}": shuffled(OTHERS[f"groups{suffix}"])}
            )
        (text,) = [str(one.message) for one in caught if "another order" in str(one.message)]
        assert f"has the labels of X{suffix}'s index in another order" in text
        assert f"pass groups{suffix}.loc[X{suffix}.index]; if" in text
        assert text.endswith(f"groups{suffix}.to_numpy(). [order:groups{suffix}]")


def test_weights_are_compared_with_y_if_x_has_no_index():
    rows = {"X": X.to_numpy(), "y": NUMBER, "sample_weight": shuffled(WEIGHT)}
    assert named(network().fit, **rows) == ["sample_weight"]


# ---------------------------------------------------------------------------------------------- blocks of rows


def blocks(size, y=NUMBER, weight=WEIGHT):
    """Return blocks of X, y and weights, as they are cut from frames and columns."""
    return [
        (X[i : i + size], y.iloc[i : i + size], weight.iloc[i : i + size])
        for i in range(0, N, size)
    ]


@pytest.mark.parametrize("size", [N, 50])
@pytest.mark.parametrize("scale", [1, "standard"])
def test_blocks_in_another_order_are_named_after_a_pass(size, scale):
    model = MLPRegressor(hidden_layer_sizes=(4,), max_iter=3, input_scale=scale)
    assert named(model.fit_batches, blocks(size)) == []
    assert named(model.fit_batches, blocks(size, shuffled(NUMBER))) == ["y"]
    assert named(model.fit_batches, blocks(size, weight=shuffled(WEIGHT))) == ["sample_weight"]
    within = [(X, shuffled(y), weight) for X, y, weight in blocks(size)]
    assert named(model.fit_batches, within) == ["y"]


def test_blocks_with_labels_of_their_own_are_no_reason_for_a_warning():
    model = MLPRegressor(hidden_layer_sizes=(4,), max_iter=2)
    for change in (
        lambda y: y.reset_index(drop=True),
        lambda y: y.set_axis(y.index + 1),
        lambda y: y.to_numpy(),
    ):
        assert named(model.fit_batches, [(X, change(y)) for X, y, _ in blocks(50)]) == []


def test_dask_frames_in_another_order_are_named():
    frames = package("dask.dataframe")
    package("distributed")
    for y, expected in ((NUMBER, []), (shuffled(NUMBER), ["y"])):
        parts = [frames.from_pandas(held, chunksize=50, sort=False) for held in (X, y)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            assert (
                named(
                    cmlp.distributed.fit, MLPRegressor(hidden_layer_sizes=(4,), max_iter=2), *parts
                )
                == expected
            )


def test_rows_of_each_process_are_compared():
    def fit(comm):
        model = MLPRegressor(hidden_layer_sizes=(4,), max_iter=2)
        cmlp.distributed.fit(model, X, shuffled(NUMBER), comm=comm, local=True)

    assert named(in_threads, 2, fit) == ["y", "y"]


# ------------------------------------------------------------------------------------------------- no reason


def test_an_index_with_the_same_or_other_labels_is_no_reason_for_a_warning():
    order = RNG.permutation(N)
    ids = GROUP.to_numpy()
    twice = X.set_axis([0, 0, *range(1, N - 1)])
    for rows, y in [
        (X.iloc[order], NUMBER.iloc[order]),
        (X.iloc[order[:150]].reset_index(drop=True), NUMBER.iloc[order[:150]]),
        (X.iloc[order], NUMBER.to_numpy()),
        (X.iloc[order].to_numpy(), NUMBER),
        (X.iloc[1:], NUMBER.iloc[:-1]),
        (X.set_axis(ids), NUMBER.set_axis(ids)),
        (twice, NUMBER.set_axis([0, 1, 1, *range(2, N - 1)])),
        (X, NUMBER.set_axis([f"row {i}" for i in range(N)])),
        (X, NUMBER.set_axis(pandas.MultiIndex.from_product([range(2), range(N // 2)]))),
    ]:
        assert named(table().fit, rows, y) == named(network().fit, rows, y) == []
