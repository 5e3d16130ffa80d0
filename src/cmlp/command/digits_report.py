"""The report of ``cmlp digits``: a network that knows nothing learns to read images before your eyes."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from cmlp.console import png
from cmlp.console.charts import bar_chart, beside, thinned
from cmlp.console.digit import SIDE, weight_lines
from cmlp.console.experiment import METHODS, SERIES, SUBJECTS, Experiment, Measurement, Options
from cmlp.console.suggestions import LEARN, suggestion_lines
from cmlp.console.terminal import Terminal
from cmlp.names import neuron_name

_CHART_HEIGHT = 5
_MOST_BARS = 31
_WIDE = 66


def tell(terminal: Terminal, experiment: Experiment, program: str = "cmlp") -> None:
    """Introduce the network, train it, and show the results.

    Parameters
    ----------
    terminal : Terminal
        The terminal to write to.
    experiment : Experiment
        The network and its data.
    program : str
        The program name for the suggested commands.
    """
    try:
        _introduce(terminal, experiment)
        seconds = _train(terminal, experiment)
        _report(terminal, experiment, seconds)
        _show_answers(terminal, experiment)
        _show_neurons(terminal, experiment)
        _suggest(terminal, experiment, program)
        _show_python(terminal, experiment)
    except KeyboardInterrupt:
        terminal.settle()
        raise


def _introduce(terminal: Terminal, experiment: Experiment) -> None:
    """Describe the network and its accuracy before training."""
    network, subject = experiment.network, experiment.subject
    sizes = network.sizes
    terminal.say(f"A neural network learns to {subject.aim}.")
    terminal.write_lines(
        [
            "",
            f"  {sizes[0]:5,} input neurons, one for each pixel of a 28 x 28 image",
            *(f"  {size:5,} hidden neurons" for size in sizes[1:-1]),
            f"  {sizes[-1]:5,} output neurons, one for each {subject.thing}",
            "",
        ]
    )
    weights = " + ".join(f"{n_in} x {n_out}" for n_in, n_out in pairwise(sizes))
    n_biases = sum(sizes[1:])
    terminal.say(
        f"Between them {weights} = {network.n_params - n_biases:,} weights, and {n_biases:,} "
        f"biases. That makes {network.n_params:,} parameters: as many knobs and dials to turn. At first, "
        f"all of them are set at random."
    )
    terminal.say()
    if experiment.method.explanation:
        terminal.say(experiment.method.explanation)
        terminal.say()
    accuracy = experiment.accuracy()
    terminal.say(f"accuracy before training: {accuracy:.1f} %")
    terminal.say()
    n_classes = sizes[-1]
    trash = "Utter trash, as it must be: a" if accuracy < 200 / n_classes else "A"
    terminal.say(
        f"{trash} blind guess is right one time in {n_classes}. Now the network is "
        f"shown {len(experiment.data.X_train):,} images ({subject.source}), {experiment.batch_size:,} at a time. "
        f"The cost says how far off its answers are, on average over all these images. The gradient says which way to "
        f"turn each knob so that the cost changes fastest, and its length says how steep the slope is. "
        f"Each pass through all the images is called an epoch. The test accuracy is that on "
        f"{len(experiment.data.X_test):,} other images."
    )
    terminal.say()


def _train(terminal: Terminal, experiment: Experiment) -> float:
    """Train and show the progress of each epoch in a live line; return the training time in seconds."""
    n_epochs = experiment.n_epochs
    seconds = 0.0
    history = [experiment.measure()]
    digits = len(str(n_epochs))
    terminal.write_live([f"epoch {0:{digits}}/{n_epochs}", *_fields(history[0], terminal.width)])
    for number in range(1, n_epochs + 1):
        start = time.perf_counter()
        experiment.train_epoch()
        seconds += time.perf_counter() - start
        history.append(experiment.measure())
        left = seconds / number * (n_epochs - number)
        fields = _fields(history[-1], terminal.width)
        terminal.write_live([f"epoch {number:{digits}}/{n_epochs}", *fields, f"{duration(left)} left"])
    terminal.settle()
    if terminal.rewrites:
        _draw_curves(terminal, history)
    return seconds


def _fields(now: Measurement, width: int) -> list[str]:
    """Return the parts of the live line, shorter on a narrow terminal."""
    test = "test accuracy" if width >= _WIDE else "test"
    return [f"cost {now.cost:.4f}", f"gradient {now.gradient_norm:.4f}", f"{test} {now.test_accuracy:.1f} %"]


def _draw_curves(terminal: Terminal, history: list[Measurement]) -> None:
    """Draw cost and test accuracy before and after each epoch as bar charts."""
    first, last = history[0], history[-1]
    costs = thinned([now.cost for now in history], _MOST_BARS)
    accuracies = thinned([now.test_accuracy for now in history], _MOST_BARS)
    # A linear axis would show the first epoch only, so the cost's axis is logarithmic and the accuracy's axis starts at
    # the ten below the first epoch.
    logs = np.log(np.maximum(costs, 1e-30)).tolist()
    lowest = min(accuracies[1:])
    low, high = 10 * int(lowest // 10), 10 * -int(-max(accuracies) // 10)
    high = max(high, low + 10)
    cost = [
        f"cost, {first.cost:.3f} to {last.cost:.3f}",
        *bar_chart(
            logs,
            (min(logs), max(logs)),
            (f"{min(costs):.3f}", f"{max(costs):.3f}"),
            _CHART_HEIGHT,
            blocks=terminal.blocks,
        ),
    ]
    accuracy = [
        f"test accuracy, {first.test_accuracy:.1f} to {last.test_accuracy:.1f} %",
        *bar_chart(accuracies, (low, high), (str(low), str(high)), _CHART_HEIGHT, blocks=terminal.blocks),
    ]
    together = [f"  {line}" for line in beside(cost, accuracy, gap=4)]
    if max(map(len, together)) < terminal.width:
        terminal.write_lines(["", *together])
    else:
        terminal.write_lines(["", *cost, "", *accuracy])


def _report(terminal: Terminal, experiment: Experiment, seconds: float) -> None:
    """Report the accuracy on the test images, and the training time."""
    n_shown = experiment.n_epochs * len(experiment.data.X_train)
    terminal.say()
    terminal.say(f"test accuracy: {experiment.accuracy():.1f} %")
    terminal.say()
    terminal.say(
        f"That is on {len(experiment.data.X_test):,} images that it has never seen. Training took "
        f"{duration(seconds)}: {n_shown:,} images, {n_shown / seconds:,.0f} a second."
    )
    terminal.say()


def _show_answers(terminal: Terminal, experiment: Experiment) -> None:
    """Draw four test images with the network's answers; the last one is a mistake if there is any."""
    data = experiment.data
    answers, activations = _answers(experiment)
    right = answers == data.y_test
    chosen = _choose(right, activations, data.y_test)
    captions = [
        [
            f"answer: {data.labels[answers[i]]}",
            f"activation: {activations[i]:.3f}",
            f"truth: {data.labels[data.y_test[i]]}{'' if right[i] else ' (mistake)'}",
        ]
        for i in chosen
    ]
    n_wrong = np.count_nonzero(~right)
    mistakes = (
        f"{n_wrong:,} of {len(right):,} answers were wrong; the last image here is the mistake with the highest "
        f"activation."
        if n_wrong
        else "It made no mistake."
    )
    terminal.say(
        f"Here are four of those images. The answer is the output neuron with the highest activation, a number from 0 "
        f"to 1. It says how strongly the network holds this answer; it is not the probability of being right. "
        f"{mistakes}"
    )
    images = data.X_test[chosen].reshape(-1, SIDE, SIDE) / 255
    # Crop the rows at the top and the bottom that are black in all four images. Start at an even row, because a line of
    # text shows two rows of pixels.
    nonzero = np.flatnonzero(images.any(axis=(0, 2)))
    images = images[:, nonzero[0] // 2 * 2 : nonzero[-1] + 1]
    terminal.write_gallery([terminal.draw(image) for image in images], captions, SIDE)


def _answers(experiment: Experiment) -> tuple[NDArray[np.intp], NDArray[np.floating]]:
    """Return the answers of the network for the test images, and the activations of these outputs."""
    outputs = experiment.network.forward(experiment.data.X_test)
    return outputs.argmax(axis=1), outputs.max(axis=1)


def pngs(experiment: Experiment) -> dict[str, NDArray[np.uint8]]:
    """Return the four test images of the report, and the weights of all neurons of the first layer, for PNG files."""
    data = experiment.data
    answers, activations = _answers(experiment)
    chosen = _choose(answers == data.y_test, activations, data.y_test)
    images = [data.X_test[i].reshape(SIDE, SIDE) for i in chosen]
    return {"images": png.tiled(images, len(images)), "weights": png.weight_sheet(experiment.network.weights[0])}


def _choose(right: NDArray[np.bool_], activations: NDArray[np.floating], truth: NDArray[np.integer]) -> list[int]:
    """Return the indices of four images: right answers from different classes, and the mistake that is brightest."""
    _, first = np.unique(truth[right], return_index=True)
    chosen: list[int] = np.flatnonzero(right)[np.sort(first)].tolist()
    wrong = np.flatnonzero(~right)
    brightest: list[int] = wrong[np.argsort(-activations[wrong], kind="stable")].tolist()
    chosen = chosen[: 3 if len(wrong) else 4]
    return chosen + brightest[: 4 - len(chosen)]


def _show_neurons(terminal: Terminal, experiment: Experiment) -> None:
    """Draw the weights of two neurons of the first layer as images, one weight per pixel."""
    weights = experiment.network.weights[0].T.reshape(-1, SIDE, SIDE)
    positive, negative = ("blue", "orange") if terminal.colors else ("shades", "dashes")
    neurons = (
        f"what two of the {len(weights)} neurons of the first layer look for (the two with the smoothest weights), "
        "drawn from their"
        if len(weights) > 1
        else "what the only neuron of the first layer looks for, drawn from its"
    )
    terminal.say(
        f"This is {neurons} {SIDE * SIDE} weights: {positive} where a bright pixel turns the "
        f"neuron on, {negative} where it turns it off. Do you see edges, loops, strokes?"
    )
    clearest = np.argsort(-_smoothness(weights), kind="stable")[:2]
    images = [weight_lines(terminal, weights[i]) for i in clearest]
    is_output = len(experiment.network.sizes) == 2
    captions = [
        [f"the neuron for {experiment.data.labels[i]}" if is_output else neuron_name(0, int(i))] for i in clearest
    ]
    terminal.write_gallery(images, captions, SIDE)


def _smoothness(images: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the correlation of neighbouring pixels in each image: about 0 for noise, at most 2."""
    images = images.astype(np.float64)  # squares of float32 cannot overflow
    vertical = (images[:, 1:] * images[:, :-1]).sum(axis=(1, 2))
    horizontal = (images[:, :, 1:] * images[:, :, :-1]).sum(axis=(1, 2))
    smoothness: NDArray[np.floating] = (vertical + horizontal) / np.maximum((images**2).sum(axis=(1, 2)), 1e-300)
    return smoothness


def _suggestions(options: Options) -> list[tuple[Options, str]]:
    """Return options to try next with a short description, without the options that were just used."""
    other_seed = (options.seed + 1) % 2**32
    if METHODS[options.method or SUBJECTS[options.data].method] is METHODS["story"]:
        other = replace(options, hidden=(128, 64)), "a wider network"
    else:
        other = Options(options.data, method="story"), "the story's plain method"
    sets = [(Options("mnist"), "the whole of MNIST, fast"), (Options("fashion"), "shirts, shoes and bags")]
    candidates = [
        other,
        (replace(options, seed=other_seed), "another random start"),
        *((candidate, what) for candidate, what in sets if candidate.data != options.data),
    ]
    return [(candidate, what) for candidate, what in candidates if candidate != options]


def _suggest(terminal: Terminal, experiment: Experiment, program: str) -> None:
    """Suggest commands to try next."""
    commands = {f"digits {suggested.arguments()}": what for suggested, what in _suggestions(experiment.options)}
    terminal.say("Try next:")
    groups = (LEARN, {**commands, "--help": "all commands"})
    lines = [line for group in groups for line in ["", *suggestion_lines(group, program, terminal.width)]]
    terminal.write_lines([*lines, ""])
    terminal.say(
        f"Network and story follow 3Blue1Brown's video series Neural networks, chapters 1 to 4: {SERIES}"
        if experiment.method is METHODS["story"]
        else f"The story is that of 3Blue1Brown's video series Neural networks, chapters 1 to 4: {SERIES}"
    )


def _show_python(terminal: Terminal, experiment: Experiment) -> None:
    """Show the Python program that trains the same network."""
    terminal.say()
    terminal.say("This very network in Python, a classifier like scikit-learn's:")
    terminal.write_lines(["", *(f"  {line}".rstrip() for line in experiment.python())])


def duration(seconds: float) -> str:
    """Return a duration as text with a unit."""
    if seconds < 0.995:
        return f"{seconds:.2f} s"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 119.5:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min"
