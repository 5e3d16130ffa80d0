"""The displays draw the data of the model, within its limits, with texts that say what is shown."""

import numpy as np
import pytest

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402
from matplotlib.colors import to_rgb, to_rgba  # noqa: E402

import cmlp  # noqa: E402
from cmlp import MLPClassifier, MLPRegressor, Network, TabularClassifier  # noqa: E402
from cmlp.datasets import load_digits28  # noqa: E402
from cmlp.plots import (  # noqa: E402
    ActivationsDisplay,
    BoundaryDisplay,
    ExplanationDisplay,
    LossCurveDisplay,
    MistakesDisplay,
    NetworkDisplay,
    WeightsDisplay,
)

BLUE, VERMILLION = "#0072B2", "#D55E00"  # of Okabe and Ito (2008)


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def digits():
    return load_digits28()


@pytest.fixture(scope="module")
def reader(digits):
    """The story's network after three epochs."""
    return MLPClassifier.from_preset("3b1b", max_iter=3, random_state=0).fit(
        digits.X_train, digits.y_train
    )


@pytest.fixture(scope="module")
def points():
    rng = np.random.RandomState(0)
    X = rng.uniform(-1, 1, (60, 2))
    return X, np.array(["left", "right"])[(X[:, 0] > 0).astype(int)]


@pytest.fixture(scope="module")
def divider(points):
    model = MLPClassifier(
        (8,),
        "tanh",
        learning_rate_init=0.1,
        max_iter=60,
        tol=0,
        n_iter_no_change=np.inf,
        random_state=0,
    )
    return model.fit(*points)


# ------------------------------------------------------------------------------------------------------ loss curve


def test_loss_curve_is_drawn_over_the_epochs(reader):
    display = LossCurveDisplay.from_estimator(reader)
    epochs, losses = display.line_.get_data()
    np.testing.assert_array_equal(epochs, [1, 2, 3])
    np.testing.assert_array_equal(losses, reader.loss_curve_)
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("epoch", "loss")
    assert display.figure_ is display.ax_.figure
    assert display.validation_line_ is None and display.ax_.get_legend() is None


def test_validation_scores_have_a_scale_of_their_own(points):
    model = MLPClassifier(
        (4,), early_stopping=True, max_iter=5, tol=0, n_iter_no_change=np.inf, random_state=0
    ).fit(*points)
    display = LossCurveDisplay.from_estimator(model, log=True, name="4 neurons", linewidth=3)
    np.testing.assert_array_equal(display.validation_line_.get_ydata(), model.validation_scores_)
    assert display.validation_ax_ is not display.ax_
    assert display.ax_.get_yscale() == "log" and display.line_.get_linewidth() == 3
    assert [text.get_text() for text in display.ax_.get_legend().get_texts()] == ["4 neurons"]


def test_loss_curves_of_two_models_share_axes_in_different_colours():
    first = LossCurveDisplay([3, 2, 1], name="a").plot()
    second = LossCurveDisplay([3, 1], name="b").plot(first.ax_)
    assert second.ax_ is first.ax_ and first.line_.get_color() != second.line_.get_color()
    assert [text.get_text() for text in first.ax_.get_legend().get_texts()] == ["a", "b"]


@pytest.mark.parametrize("early_stopping", [True, False])
def test_curves_of_the_networks_of_a_table_are_drawn_above_each_other(points, early_stopping):
    model = TabularClassifier(
        n_estimators=3, n_epochs=4, early_stopping=early_stopping, random_state=0
    ).fit(*points)
    curves = model.history_
    for display in (
        LossCurveDisplay.from_estimator(model),
        LossCurveDisplay(model.history_).plot(),
    ):
        lines = [("loss", display.line_), ("validation_loss", display.validation_loss_line_)]
        for name, line in lines[: 1 + early_stopping]:
            epochs, losses = np.array(line.get_data())
            np.testing.assert_array_equal(losses[~np.isnan(losses)], curves[name])
            np.testing.assert_array_equal(epochs, [1, 2, 3, 4, *2 * [np.nan, 1, 2, 3, 4]])
            np.testing.assert_array_equal(np.flatnonzero(np.isnan(losses)), [4, 9])
        assert (display.validation_loss_line_ is None) == (not early_stopping)


def test_a_table_of_a_file_has_no_curves(points, tmp_path):
    TabularClassifier(n_epochs=1).fit(*points).save(tmp_path / "model.cmlp")
    with pytest.raises(ValueError, match="must be fitted, not loaded from a file, got Tabular"):
        LossCurveDisplay.from_estimator(cmlp.load(tmp_path / "model.cmlp"))


def test_loss_curve_needs_epochs(points):
    pytest.importorskip("scipy")
    with pytest.raises(TypeError, match=r"A Network keeps no loss curve: train it with a Trainer"):
        LossCurveDisplay.from_estimator(Network([2, 2]))
    with pytest.raises(
        ValueError, match=r'solver "sgd" or "adam", got MLPClassifier without a loss curve'
    ):
        LossCurveDisplay.from_estimator(
            MLPClassifier((3,), solver="lbfgs", max_iter=500, random_state=0).fit(*points)
        )
    with pytest.raises(ValueError, match="at least one epoch"):
        LossCurveDisplay([]).plot()


# --------------------------------------------------------------------------------------------------------- weights


def test_weights_of_each_neuron_are_an_image(reader):
    display = WeightsDisplay.from_estimator(reader)
    assert len(display.images_) == 16
    for unit, image in enumerate(display.images_):
        np.testing.assert_array_equal(image.get_array(), reader.coefs_[0][:, unit].reshape(28, 28))
        low, high = image.get_clim()
        assert low == -high < 0
    assert [text.get_text() for text in display.texts_[:2]] == ["A1", "A2"]
    lefts = [image.get_extent()[0] for image in display.images_[:8]]
    assert lefts == sorted(set(lefts)) and max(lefts) + 1 <= display.ax_.get_xlim()[1] + 1e-9


def test_weights_of_chosen_neurons_with_a_given_shape(reader):
    display = WeightsDisplay.from_estimator(reader, layer=-1, units=[9, -2], image_shape=(2, 8))
    np.testing.assert_array_equal(
        display.images_[1].get_array(), reader.coefs_[2][:, 8].reshape(2, 8)
    )
    assert [text.get_text() for text in display.texts_] == ["9", "8"]


def test_weights_without_images_are_a_matrix(divider):
    display = WeightsDisplay.from_estimator(divider)
    (matrix,) = display.images_
    np.testing.assert_array_equal(matrix.get_array(), divider.coefs_[0])
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("neuron of layer A", "input")


def ticks(axis):
    """Return the labels of the ticks within the image, by their positions."""
    axis.figure.canvas.draw()
    return {
        at: label.get_text()
        for at, label in zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
    }


def test_matrix_names_the_neurons_of_both_layers():
    net = Network([5, 16, 30, 3], random_state=0)
    last = WeightsDisplay.from_estimator(net, layer=-1).ax_
    assert ticks(last.xaxis) == {0: "0", 1: "1", 2: "2"}
    shown = {at: name for at, name in ticks(last.yaxis).items() if 0 <= at < 30}
    assert len(shown) > 5 and shown == {at: f"B{at + 1:.0f}" for at in shown}
    middle = WeightsDisplay.from_estimator(net, layer=1, units=[4, -1]).ax_
    assert ticks(middle.xaxis) == {0: "B5", 1: "B30"}
    assert ticks(middle.yaxis) == {i: f"A{i + 1}" for i in range(16)}
    assert middle.get_ylabel() == "neuron of layer A"


def test_weights_that_are_all_zero_are_drawn():
    net = Network([4, 3])
    net.params = np.zeros(net.n_params)
    assert WeightsDisplay.from_estimator(net).images_[0].get_clim() == (-1, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layer": 3}, "layer must be an integer from -3 to 2, got 3"),
        ({"layer": 1.0}, "layer must be an integer from -3 to 2, got 1.0"),
        ({"units": [16]}, "units must be an integer from -16 to 15, got 16"),
        ({"units": []}, "units must name at least one neuron, got none"),
        (
            {"image_shape": (28, 27)},
            r"image_shape must be two sizes whose product is 784, got \(28, 27\)",
        ),
    ],
)
def test_weights_refuse_invalid_arguments(reader, options, message):
    with pytest.raises(ValueError, match=message):
        WeightsDisplay.from_estimator(reader, **options)


# ----------------------------------------------------------------------------------------------------- activations


def test_activations_of_every_layer_are_drawn(reader, digits):
    rows = digits.X_test[[7, 0]]
    display = ActivationsDisplay.from_estimator(reader, rows)
    net = Network([784, 16, 16, 10], output="logistic", loss="squared_error", input_scale=1 / 255)
    for layer, (weights, biases) in enumerate(zip(reader.coefs_, reader.intercepts_, strict=True)):
        net.weights[layer][:], net.biases[layer][:] = weights, biases
    expected = net.activations(rows)
    for image, values in zip(display.images_, expected[1:], strict=True):
        np.testing.assert_array_equal(image.get_array(), values)
        assert image.get_clim() == (0, 1)
    np.testing.assert_array_equal(
        display.input_images_[1].get_array(), expected[0][1].reshape(28, 28)
    )
    answers = [str(answer) for answer in reader.predict(rows)]
    titles = ["input", "layer A", "layer B", "output"]
    assert [text.get_text() for text in display.texts_] == [*titles, *answers]


def test_activations_above_one_and_below_zero_widen_the_scale(divider, points):
    display = ActivationsDisplay.from_estimator(divider, points[0][:5])
    low, high = display.images_[0].get_clim()
    assert low == display.images_[0].get_array().min() < 0 and high == 1
    (strip,) = display.input_images_
    np.testing.assert_allclose(strip.get_array(), points[0][:5])
    relu = ActivationsDisplay.from_estimator(
        Network([2, 3, 2], "relu", random_state=0), [[9.0, -9.0]]
    )
    assert relu.images_[0].get_clim() == (0, relu.images_[0].get_array().max())
    assert relu.images_[0].get_array().max() > 1


def test_activations_of_one_row_are_drawn(reader, digits):
    one, rows = (
        ActivationsDisplay.from_estimator(reader, X) for X in (digits.X_test[7], digits.X_test[7:8])
    )
    for image, expected in zip(one.images_, rows.images_, strict=True):
        np.testing.assert_array_equal(image.get_array(), expected.get_array())


@pytest.mark.parametrize("count", [0, 31])
def test_activations_refuse_too_many_or_no_rows(reader, digits, count):
    with pytest.raises(ValueError, match=f"X must have from 1 to 30 rows, got {count}"):
        ActivationsDisplay.from_estimator(reader, digits.X_test[:count])


# --------------------------------------------------------------------------------------------------------- network


def test_network_lights_neurons_and_draws_the_strongest_connections(reader, digits):
    display = NetworkDisplay.from_estimator(
        reader, digits.X_test[7], n_connections=10, max_units=12
    )
    layers = [layer[0] for layer in _activations(reader, digits.X_test[7:8])]
    assert [len(units) for units in display.units_] == [12, 12, 12, 10]
    for neurons, units, values in zip(display.neurons_, display.units_, layers, strict=True):
        np.testing.assert_array_equal(neurons.get_array(), values[units])
    last = [c for c in display.connections_ if c.layer == 2]
    contributions = layers[2][:, None] * reader.coefs_[2]
    strongest = np.sort(np.abs(contributions[display.units_[2]]).ravel())[-10:]
    np.testing.assert_allclose([abs(c.contribution) for c in last], strongest)
    assert all(c.contribution == contributions[c.source, c.target] for c in last)
    assert len(display.lines_.get_segments()) == len(display.connections_) == 30


def test_network_names_the_outputs_and_counts_neurons_left_out(reader, digits):
    display = NetworkDisplay.from_estimator(reader, digits.X_test[7:8])
    texts = [text.get_text() for text in display.texts_]
    outputs = _activations(reader, digits.X_test[7:8])[-1][0]
    layers = ["input", "764 more", "layer A", "layer B", "output"]
    assert texts == [*layers, *(f"{digit}  {value:.2f}" for digit, value in enumerate(outputs))]
    bold = [text.get_text() for text in display.texts_ if text.get_weight() == "bold"]
    assert bold == [texts[len(layers) + outputs.argmax()]]
    assert display.image_.get_array().shape == (28, 28)
    left, right = display.ax_.get_xlim()
    assert (
        left < display.image_.get_extent()[0]
        and right > display.neurons_[-1].get_offsets()[:, 0].max()
    )


def test_network_explains_its_colours(reader, digits):
    display = NetworkDisplay.from_estimator(reader, digits.X_test[7])
    legend = display.ax_.get_legend()
    assert [text.get_text().split(":")[0] for text in legend.get_texts()] == ["excites", "inhibits"]
    (red, _, blue, _), (other_red, _, other_blue, _) = (
        line.get_color() for line in legend.get_lines()
    )
    assert blue > red and other_blue < other_red
    assert [ax.get_ylabel() for ax in display.figure_.axes] == ["", "activation"]


@pytest.mark.parametrize(
    "display", [NetworkDisplay, ActivationsDisplay, WeightsDisplay, LossCurveDisplay]
)
def test_every_plot_of_a_classifier_has_a_title(reader, digits, display):
    rows = {NetworkDisplay: [digits.X_test[7]], ActivationsDisplay: [digits.X_test[:2]]}.get(
        display, []
    )
    assert display.from_estimator(reader, *rows).ax_.get_title()


def test_network_colours_excitation_blue_and_inhibition_orange():
    net = Network([1, 2], output="logistic")
    net.weights[0][:] = [[2.0, -2.0]]
    display = NetworkDisplay.from_estimator(net, [1.0])
    signs = [c.contribution > 0 for c in display.connections_]
    assert sorted(signs) == [False, True]
    for positive, (red, _, blue, _) in zip(signs, display.lines_.get_colors(), strict=True):
        assert (blue > red) == positive


def test_network_without_a_row_has_the_strongest_weights(reader):
    display = NetworkDisplay.from_estimator(reader, n_connections=10, max_units=12)
    assert [len(units) for units in display.units_] == [12, 12, 12, 10]
    strongest = np.argsort(-np.abs(reader.coefs_[0]).sum(axis=1))[:12]
    np.testing.assert_array_equal(display.units_[0], np.sort(strongest))
    assert all(
        c.contribution == reader.coefs_[c.layer][c.source, c.target] for c in display.connections_
    )
    texts = [text.get_text() for text in display.texts_]
    assert texts[-10:] == list("0123456789") and display.image_ is None
    assert [text.get_text() for text in display.ax_.get_legend().get_texts()] == [
        "excites: weight above 0",
        "inhibits: below 0",
    ]
    assert len(display.figure_.axes) == 1
    small = NetworkDisplay.from_estimator(Network([2, 3, 40], random_state=0), max_units=5)
    assert [len(units) for units in small.units_] == [2, 3, 5]


def test_network_refuses_invalid_arguments(reader, digits):
    with pytest.raises(ValueError, match=r"x must be one row, got the shape \(2, 784\)"):
        NetworkDisplay.from_estimator(reader, digits.X_test[:2])
    with pytest.raises(ValueError, match="max_units must be at least 1"):
        NetworkDisplay.from_estimator(reader, digits.X_test[0], max_units=0)


def _activations(model, X):
    layers = [X / np.float32(255)]
    for weights, biases in zip(model.coefs_, model.intercepts_, strict=True):
        layers.append(1 / (1 + np.exp(-(layers[-1] @ weights + biases))))
    display = ActivationsDisplay.from_estimator(model, X)
    exact = [image.get_array().data for image in display.images_]
    for mine, core in zip(layers[1:], exact, strict=True):
        np.testing.assert_allclose(mine, core, atol=1e-5)
    return [layers[0], *exact]


# -------------------------------------------------------------------------------------------------------- mistakes


def test_mistakes_are_the_surest_wrong_answers(reader, digits):
    display = MistakesDisplay.from_estimator(reader, digits.X_test, digits.y_test, n_images=5)
    probabilities = reader.predict_proba(digits.X_test)
    answers = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(answers != digits.y_test)
    expected = wrong[np.argsort(-probabilities[wrong].max(axis=1), kind="stable")][:5]
    np.testing.assert_array_equal(display.indices_, expected)
    first = expected[0]
    np.testing.assert_array_equal(
        display.images_[0].get_array(), digits.X_test[first].reshape(28, 28)
    )
    shown = f"says {answers[first]}: {probabilities[first].max():.2f}\nis {digits.y_test[first]}"
    assert display.texts_[0].get_text() == shown
    assert display.ax_.get_title() == f"{len(wrong)} of 1,000 answers are wrong, 5 of them shown"


def test_mistakes_of_a_network_and_of_a_perfect_one():
    net = Network([9, 2], input_scale=1)
    net.weights[0][:] = np.stack([np.ones(9), -np.ones(9)], axis=1)
    X = np.vstack([np.ones(9), -np.ones(9)])
    assert (
        MistakesDisplay.from_estimator(net, X, [0, 1]).ax_.get_title() == "No mistakes in 2 answers"
    )
    display = MistakesDisplay.from_estimator(net, X, [0, 0])
    assert display.ax_.get_title() == "1 of 2 answers are wrong"
    assert display.images_[0].get_array().shape == (3, 3)


def test_mistakes_refuse_what_has_no_images_or_classes(reader, digits, divider, points):
    with pytest.raises(
        ValueError,
        match="image_shape must be given, because rows of 2 values are not square images",
    ):
        MistakesDisplay.from_estimator(divider, *points)
    with pytest.raises(
        TypeError,
        match="must be a classifier or a Network with softmax or logistic outputs, got Network",
    ):
        MistakesDisplay.from_estimator(
            Network([2, 1], output="identity", loss="squared_error"), *points
        )
    with pytest.raises(
        ValueError, match=r"y must have one class for each of the 2 rows, got the shape \(3,\)"
    ):
        MistakesDisplay.from_estimator(reader, digits.X_test[:2], digits.y_test[:3])
    with pytest.raises(ValueError, match="n_images must be at least 1, got 0"):
        MistakesDisplay.from_estimator(reader, digits.X_test, digits.y_test, n_images=0)
    both = MLPClassifier((2,), max_iter=1, tol=0, n_iter_no_change=np.inf).fit(
        np.eye(9), np.eye(9, 2, dtype=int)
    )
    with pytest.raises(ValueError, match="got a MLPClassifier with multilabel targets"):
        MistakesDisplay.from_estimator(both, np.eye(9), np.zeros(9))


# -------------------------------------------------------------------------------------------------------- boundary


def test_boundary_shows_the_answers_over_the_plane(divider, points):
    display = BoundaryDisplay.from_estimator(divider, *points, resolution=11, margin=0)
    left, right = display.ax_.get_xlim()
    bottom, top = display.ax_.get_ylim()
    assert (left, bottom) == tuple(points[0].min(axis=0)) and (right, top) == tuple(
        points[0].max(axis=0)
    )
    # Row 0 is the bottom, column 0 the left.
    assert display.image_.origin == "lower"
    np.testing.assert_array_equal(
        display.values[0, -1], divider.predict_proba([[right, bottom]])[0]
    )
    colors = np.asarray(display.image_.get_array())
    background = np.array(to_rgb(matplotlib.rcParams["axes.facecolor"]))
    for column, color in ((0, BLUE), (-1, VERMILLION)):
        towards = np.array(to_rgb(color)) - background
        change = colors[5, column, :3] - background
        np.testing.assert_allclose(
            change / np.linalg.norm(change), towards / np.linalg.norm(towards), atol=0.02
        )
    assert [text.get_text() for text in display.ax_.get_legend().get_texts()] == ["left", "right"]


def test_boundary_draws_each_class_with_its_rows(divider, points):
    X, y = points
    display = BoundaryDisplay.from_estimator(divider, X, y, resolution=5)
    for drawn, name, color in zip(
        display.points_, ["left", "right"], [BLUE, VERMILLION], strict=True
    ):
        np.testing.assert_array_equal(drawn.get_offsets(), X[y == name])
        np.testing.assert_array_equal(drawn.get_facecolor()[0], to_rgba(color))


def test_boundary_of_a_regressor_of_a_pipeline_and_of_data_frames(points):
    pandas = pytest.importorskip("pandas")
    make_pipeline = pytest.importorskip("sklearn.pipeline").make_pipeline
    from sklearn.preprocessing import StandardScaler

    X, _ = points
    frame = pandas.DataFrame(X, columns=["width", "height"])
    model = make_pipeline(
        StandardScaler(),
        MLPRegressor(hidden_layer_sizes=(4,), max_iter=2, tol=0, n_iter_no_change=np.inf),
    )
    model.fit(frame, X[:, 0])
    display = BoundaryDisplay.from_estimator(model, frame, X[:, 0], resolution=4, margin=0)
    corner = pandas.DataFrame([[X[:, 0].min(), X[:, 1].max()]], columns=["width", "height"])
    assert display.image_.origin == "lower"
    assert display.values[-1, 0] == pytest.approx(model.predict(corner)[0])
    np.testing.assert_array_equal(display.points_[0].get_array(), X[:, 0])
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("width", "height")


def test_boundary_refuses_unsuitable_models_and_rows(divider, reader, points, digits):
    with pytest.raises(
        ValueError,
        match=r"X must have two columns and at least one row, got the shape \(1000, 784\)",
    ):
        BoundaryDisplay.from_estimator(reader, digits.X_test)
    with pytest.raises(ValueError, match="at most 8 classes, got 9"):
        BoundaryDisplay.from_estimator(Network([2, 9]), points[0])
    with pytest.raises(ValueError, match=r"must have one output, got 3 from Network\(2-3"):
        BoundaryDisplay.from_estimator(
            Network([2, 3], output="identity", loss="squared_error"), points[0]
        )
    with pytest.raises(ValueError, match="resolution must be at least 2, got 1"):
        BoundaryDisplay.from_estimator(divider, points[0], resolution=1)
    with pytest.raises(TypeError, match="estimator must have predict or be a Network, got str"):
        BoundaryDisplay.from_estimator("model", points[0])


# ------------------------------------------------------------------------------------------------------ all of them


@pytest.mark.parametrize(
    "draw",
    [
        LossCurveDisplay.from_estimator,
        WeightsDisplay.from_estimator,
        lambda model: ActivationsDisplay.from_estimator(model, [[0.0, 1.0]]),
        lambda model: NetworkDisplay.from_estimator(model, [0.0, 1.0]),
        lambda model: MistakesDisplay.from_estimator(model, [[0.0, 1.0]], [0]),
        lambda model: BoundaryDisplay.from_estimator(model, [[0.0, 1.0]]),
    ],
)
def test_unfitted_models_are_refused(draw):
    with pytest.raises(ValueError, match="This MLPClassifier instance is not fitted yet"):
        draw(MLPClassifier())


def test_other_objects_are_refused():
    with pytest.raises(
        TypeError, match="A Network, an MLPClassifier or an MLPRegressor is needed, got int"
    ):
        WeightsDisplay.from_estimator(3)


def test_given_axes_are_used(reader, digits, divider, points):
    _, ax = plt.subplots()
    for display in (
        LossCurveDisplay.from_estimator(reader, ax=ax),
        WeightsDisplay.from_estimator(reader, ax=ax),
        ActivationsDisplay.from_estimator(reader, digits.X_test[:1], ax=ax),
        NetworkDisplay.from_estimator(reader, digits.X_test[0], ax=ax),
        MistakesDisplay.from_estimator(reader, digits.X_test, digits.y_test, ax=ax),
        BoundaryDisplay.from_estimator(divider, *points, ax=ax),
    ):
        assert display.ax_ is ax and display.figure_ is ax.figure
    assert len(plt.get_fignums()) == 1


# ----------------------------------------------------------------------------------------------------- explanations


@pytest.fixture(scope="module")
def explained():
    """A linear model, so that the values are known."""
    model = MLPRegressor.from_arrays([[[1.0], [-3.0], [2.0]]], [[0.0]])
    return model.explain([[1.0, 1.0, 0.0], [0.0, 1.0, 1.0]], [[0.0, 0.0, 0.0]])


def test_explanation_of_a_row_has_signed_bars_in_the_order_of_their_effect(explained):
    display = ExplanationDisplay(explained).plot(row=1)
    assert [bar.get_width() for bar in display.bars_] == [-3.0, 2.0, 0.0]
    assert [to_rgb(bar.get_facecolor()) for bar in display.bars_][:2] == [
        to_rgb(VERMILLION),
        to_rgb(BLUE),
    ]
    assert [text.get_text() for text in display.texts_] == [
        "column 1 = 1",
        "column 2 = 1",
        "column 0 = 0",
    ]
    assert display.ax_.get_title() == "prediction: -1, on average 0"


def test_explanation_of_all_rows_has_means_of_absolute_values(explained):
    display = ExplanationDisplay(explained).plot(max_columns=2)
    assert [bar.get_width() for bar in display.bars_] == [3.0, 1.0]
    assert [text.get_text() for text in display.texts_] == ["column 1", "column 2"]
    assert display.ax_.get_title() == "prediction: 2 rows"


def test_explanation_of_a_class(points):
    X, y = points
    model = TabularClassifier(max_time=1e-9, random_state=0, keep_background=64).fit(X, y)
    display = ExplanationDisplay.from_estimator(model, X[:3], row=0, output="left")
    assert display.ax_.get_title().startswith("left: ")
    widths = sorted(bar.get_width() for bar in display.bars_)
    other = ExplanationDisplay(display.explanation).plot(row=0, output=1)
    assert sorted(-bar.get_width() for bar in other.bars_) == pytest.approx(widths)
    likely = model.predict(X[:1])[0]
    assert (
        ExplanationDisplay(display.explanation)
        .plot(row=0)
        .ax_.get_title()
        .startswith(f"{likely}: ")
    )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"row": 2}, "row must be None or from 0 to 1, got 2"),
        (
            {"output": "left"},
            r"output must be one of \['prediction'\], or an index below 1, got 'left'",
        ),
        ({"output": 1}, "got 1"),
        ({"max_columns": 0}, "max_columns must be at least 1, got 0"),
    ],
)
def test_explanation_refuses_what_is_not_there(explained, options, message):
    with pytest.raises(ValueError, match=message):
        ExplanationDisplay(explained).plot(**options)
