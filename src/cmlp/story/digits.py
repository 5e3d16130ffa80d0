"""The command ``cmlp digits``: a network that knows nothing learns to read images before your eyes."""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from cmlp._cli import experiment as experiment_options
from cmlp._cli import options
from cmlp._cli.experiment import METHODS, SERIES, Experiment, Options
from cmlp._cli.terminal import Terminal, beside, duration
from cmlp._model.names import neuron_name
from cmlp.story.case import save, save_pngs
from cmlp.story.frames import charts
from cmlp.story.page import LEARN, Page, suggestion_lines
from cmlp.story.pictures.images import squares, tiled, weight_lines, weight_sheet
from cmlp.story.pictures.names import SIDE
from cmlp.story.pictures.text import counted

NAME, SUMMARY = "digits", "train a network on images (the default command)"
DESCRIPTION = "Train a network on images and show what it learns."
_CHART_HEIGHT = 8
_WIDE, _WIDEST = 66, 79
_GAP = 2


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    experiment_options.add(parser, "--hidden", *experiment_options.TRAINING, "--save", "--png")
    parser.add_argument(
        "--plain", action="store_true", help="write text also where the command without arguments shows the training"
    )


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Train the network that the arguments describe, and return the exit status."""
    with options.reported():
        experiment = Experiment(Options.of(arguments))
    tell(terminal, experiment, program)
    save(experiment.network, arguments.save, terminal, program)
    if arguments.png is not None:
        save_pngs(pngs(experiment), arguments.png, terminal)
    return 0


def tell(terminal: Terminal, experiment: Experiment, program: str = "cmlp") -> None:
    """Introduce the network, train it, and show the results."""
    try:
        _introduce(terminal, experiment)
        chart, seconds = _train(terminal, experiment)
        page = Page(terminal, min(terminal.width, _WIDEST))
        if terminal.rewrites:
            page.block(chart)
        n_shown = experiment.n_epochs * len(experiment.data.X_train)
        page.text(f"test accuracy: {experiment.accuracy():.1f} %")
        page.text(
            f"That is on {len(experiment.data.X_test):,} images that it has never seen. Training took "
            f"{duration(seconds)}: {n_shown:,} images, {n_shown / seconds:,.0f} a second."
        )
        _show_answers(page, experiment)
        _show_neurons(page, experiment)
        _suggest(page, experiment, program)
        page.text("This very network in Python, a classifier like scikit-learn's:")
        page.block([f"  {line}".rstrip() for line in experiment.python()])
        terminal.write_lines(["", *page.lines])
    except KeyboardInterrupt:
        terminal.settle()
        raise


def _introduce(terminal: Terminal, experiment: Experiment) -> None:
    network, subject, page = experiment.network, experiment.subject, Page(terminal, min(terminal.width, _WIDEST))
    sizes = network.sizes
    page.text(f"A neural network learns to {subject.aim}.")
    page.block(
        [
            f"  {sizes[0]:5,} input neurons, one for each pixel of a 28 x 28 image",
            *(f"  {size:5,} hidden neurons" for size in sizes[1:-1]),
            f"  {sizes[-1]:5,} output neurons, one for each {subject.thing}",
        ]
    )
    weights = " + ".join(f"{n_in} x {n_out}" for n_in, n_out in pairwise(sizes))
    n_biases = sum(sizes[1:])
    page.text(
        f"Between them {weights} = {network.n_params - n_biases:,} weights, and {n_biases:,} "
        f"biases. That makes {network.n_params:,} parameters: as many knobs and dials to turn. At first, "
        f"all of them are set at random."
    )
    if experiment.method.explanation:
        page.text(experiment.method.explanation)
    accuracy = experiment.accuracy()
    page.text(f"accuracy before training: {accuracy:.1f} %")
    trash = "Utter trash, as it must be: a" if accuracy < 200 / sizes[-1] else "A"
    page.text(
        f"{trash} blind guess is right one time in {sizes[-1]}. Now the network is "
        f"shown {len(experiment.data.X_train):,} images ({subject.source}), {experiment.batch_size:,} at a time. "
        f"The cost says how far off its answers are, on average over all these images. The gradient says which way to "
        f"turn each knob so that the cost changes fastest, and its length says how steep the slope is. "
        f"Each pass through all the images is called an epoch. The test accuracy is that on "
        f"{len(experiment.data.X_test):,} other images."
    )
    terminal.write_lines([*page.lines, ""])


def _train(terminal: Terminal, experiment: Experiment) -> tuple[list[str], float]:
    """Train with a live line for each epoch; return charts of cost and accuracy, and the training time in seconds."""
    n_epochs, data = experiment.n_epochs, experiment.data
    seconds, history = 0.0, []
    for number in range(n_epochs + 1):
        if number:
            start = time.perf_counter()
            experiment.train_epoch()
            seconds += time.perf_counter() - start
        history.append(experiment.measure())
        fields = [
            f"epoch {number:{len(str(n_epochs))}}/{n_epochs}",
            f"cost {history[-1].cost:.4f}",
            f"gradient {experiment.network.gradient(data.X_train, data.y_train).norm:.4f}",
            f"{'test accuracy' if terminal.width >= _WIDE else 'test'} {history[-1].test_accuracy:.1f} %",
        ]
        left = [f"{duration(seconds / number * (n_epochs - number))} left"] if number else []
        terminal.write_live([*fields, *left])
    terminal.settle()
    bottom = [(0.0, "0"), (1.0, counted(n_epochs, "epoch"))]
    x = np.linspace(0, 1, n_epochs + 1).tolist()
    return charts(terminal, x, history, bottom, min(terminal.width, _WIDEST) - 1, _CHART_HEIGHT), seconds


def _show_answers(page: Page, experiment: Experiment) -> None:
    data = experiment.data
    answers, activations, chosen = _answers(experiment)
    right = answers == data.y_test
    n_wrong = np.count_nonzero(~right)
    page.text(
        "Here are four of those images. The answer is the output neuron with the highest activation, a number from 0 "
        "to 1. It says how strongly the network holds this answer; it is not the probability of being right.",
        f"{n_wrong:,} of {len(right):,} answers were wrong; the last image here is the mistake with the highest "
        "activation."
        if n_wrong
        else "It made no mistake.",
    )
    images = squares(data.X_test[chosen])
    # Crop the rows at the top and the bottom that are black in all four images. Start at an even row, because a line of
    # text shows two rows of pixels.
    nonzero = np.flatnonzero(images.any(axis=(0, 2)))
    drawn = [page.terminal.draw(image) for image in images[:, nonzero[0] // 2 * 2 : nonzero[-1] + 1]]
    captions = [
        [
            f"answer: {data.labels[answers[i]]}",
            f"activation: {activations[i]:.3f}",
            f"truth: {data.labels[data.y_test[i]]}{'' if right[i] else ' (mistake)'}",
        ]
        for i in chosen
    ]
    _gallery(page, drawn, captions)


def _gallery(page: Page, images: list[list[str]], captions: list[list[str]]) -> None:
    """Add images with their captions, as many side by side as fit; if not even one fits, the captions only."""
    if page.terminal.width < SIDE:
        images = [[] for _ in images]
    blocks = [[*image, *caption] for image, caption in zip(images, captions, strict=True)]
    per_row = max(1, (page.terminal.width + _GAP) // (SIDE + _GAP))
    for start in range(0, len(blocks), per_row):
        page.block(beside(*blocks[start : start + per_row], gap=_GAP))


def _answers(experiment: Experiment) -> tuple[NDArray[np.intp], NDArray[np.floating], list[int]]:
    """Return the answers for the test images, the activations of these outputs, and which four images to show.

    These are right answers from different classes, and the mistake that is brightest.
    """
    outputs, truth = experiment.network.forward(experiment.data.X_test), experiment.data.y_test
    answers, activations = outputs.argmax(axis=1), outputs.max(axis=1)
    right, wrong = np.flatnonzero(answers == truth), np.flatnonzero(answers != truth)
    _, first = np.unique(truth[right], return_index=True)
    chosen: list[int] = right[np.sort(first)].tolist()[: 3 if len(wrong) else 4]
    brightest: list[int] = wrong[np.argsort(-activations[wrong], kind="stable")].tolist()
    return answers, activations, chosen + brightest[: 4 - len(chosen)]


def pngs(experiment: Experiment) -> dict[str, NDArray[np.uint8]]:
    """Return the four test images of the report, and the weights of all neurons of the first layer, for PNG files."""
    images = [experiment.data.X_test[i].reshape(SIDE, SIDE) for i in _answers(experiment)[2]]
    return {"images": tiled(images, len(images)), "weights": weight_sheet(experiment.network.weights[0])}


def _show_neurons(page: Page, experiment: Experiment) -> None:
    """Draw the weights of two neurons of the first layer as images, one weight per pixel."""
    weights = experiment.network.weights[0].T.reshape(-1, SIDE, SIDE)
    positive, negative = ("blue", "orange") if page.terminal.colors else ("shades", "dashes")
    neurons = (
        f"what two of the {len(weights)} neurons of the first layer look for (the two with the smoothest weights), "
        "drawn from their"
        if len(weights) > 1
        else "what the only neuron of the first layer looks for, drawn from its"
    )
    page.text(
        f"This is {neurons} {SIDE * SIDE} weights: {positive} where a bright pixel turns the "
        f"neuron on, {negative} where it turns it off. Do you see edges, loops, strokes?"
    )
    clearest = np.argsort(-_smoothness(weights), kind="stable")[:2].tolist()
    images = [weight_lines(page.terminal, weights[i]) for i in clearest]
    is_output = len(experiment.network.sizes) == 2
    names = [f"the neuron for {experiment.data.labels[i]}" if is_output else neuron_name(0, i) for i in clearest]
    _gallery(page, images, [[name] for name in names])


def _smoothness(images: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the correlation of neighbouring pixels in each image: about 0 for noise, at most 2."""
    images = images.astype(np.float64)  # squares of float32 cannot overflow
    vertical = (images[:, 1:] * images[:, :-1]).sum(axis=(1, 2))
    horizontal = (images[:, :, 1:] * images[:, :, :-1]).sum(axis=(1, 2))
    smoothness: NDArray[np.floating] = (vertical + horizontal) / np.maximum((images**2).sum(axis=(1, 2)), 1e-300)
    return smoothness


def suggestions(chosen: Options, *, is_story: bool) -> dict[str, Options]:
    """Return options to try next by what they are, without those that were just used."""
    wider, plain = replace(chosen, hidden=(128, 64)), Options(chosen.data, method="story")
    other = {"a wider network": wider} if is_story else {"the story's plain method": plain}
    other["another random start"] = replace(chosen, seed=(chosen.seed + 1) % 2**32)
    sets = {"the whole of MNIST, fast": Options("mnist"), "shirts, shoes and bags": Options("fashion")}
    other |= {what: options for what, options in sets.items() if options.data != chosen.data}
    return {what: options for what, options in other.items() if options != chosen}


def _suggest(page: Page, experiment: Experiment, program: str) -> None:
    is_story = experiment.method is METHODS["story"]
    other = suggestions(experiment.options, is_story=is_story)
    commands = {f"digits {options.arguments()}": what for what, options in other.items()}
    page.text("Try next:")
    for group in (LEARN, {**commands, "--help": "all commands"}):
        page.block(suggestion_lines(group, program, page.terminal.width))
    page.text(
        "Network and story follow" if is_story else "The story is that of",
        f"3Blue1Brown's video series Neural networks, chapters 1 to 4: {SERIES}",
    )
