"""The command ``cmlp digits``: a network that knows nothing learns to read images."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise

import numpy as np

from cmlp._cli import experiment as experiment_options
from cmlp._cli import options
from cmlp._cli.experiment import METHODS, SERIES, Experiment, ExperimentOptions
from cmlp._cli.terminal import Terminal, count_noun, duration, side_by_side
from cmlp.story import drawing
from cmlp.story.animation import training_charts
from cmlp.story.case import save
from cmlp.story.neurons import SIDE, Names, Unit

DESCRIPTION = "Train a network on images and show what it learns."
# What there is for a learner, in the order in which it is best tried.
_LEARN = {
    "story": "how it works and learns, in your browser",
    "look 9": "what every neuron does with a 9",
    "nudge 9": "what one 9 wants to change: backpropagation",
    "watch": "the learning itself, at your speed",
    "read FILE.png": "read a digit from a picture",
    "page": "draw digits and turn weights, in your browser",
}
_CHART_HEIGHT = 8
_WIDE = 66
_WIDEST = 79
_GAP = 2


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    experiment_options.add(parser, "--hidden", *experiment_options.TRAINING, "--save")
    plain = "write text also where the command without arguments shows the training"
    parser.add_argument("--plain", action="store_true", help=plain)


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Train the network that the arguments describe, and return the exit status."""
    with options.as_command_errors():
        experiment = Experiment(ExperimentOptions.from_arguments(arguments))
    try:
        _introduce(terminal, experiment)
        chart, seconds = _train_and_report(terminal, experiment)
    except KeyboardInterrupt:
        terminal.settle()
        raise
    if terminal.rewrites:
        terminal.write_lines(["", *chart])
    n_shown = experiment.n_epochs * len(experiment.data.X_train)
    n_test = len(experiment.data.X_test)
    _say(terminal, f"test accuracy: {experiment.accuracy():.1f} %")
    _say(
        terminal,
        f"That is on {n_test:,} images that it has never seen. Training took "
        f"{duration(seconds)}: {n_shown:,} images, {n_shown / seconds:,.0f} a second.",
    )
    _show_answers(terminal, experiment)
    _show_neurons(terminal, experiment)
    _suggest(terminal, experiment, program)
    _say(terminal, "This very network in Python, a classifier like scikit-learn's:")
    terminal.write_lines(["", *(f"  {line}".rstrip() for line in experiment.python())])
    save(experiment.network, arguments.save, terminal, program)
    return 0


def _say(terminal: Terminal, text: str) -> None:
    terminal.say()
    terminal.say(text)


def _introduce(terminal: Terminal, experiment: Experiment) -> None:
    network = experiment.network
    subject = experiment.subject
    sizes = experiment.network.sizes
    terminal.say(f"A neural network learns to {subject.aim}.")
    terminal.write_lines(
        ["", f"  {sizes[0]:5,} input neurons, one for each pixel of a 28 x 28 image"]
    )
    terminal.write_lines([f"  {size:5,} hidden neurons" for size in sizes[1:-1]])
    terminal.write_lines([f"  {sizes[-1]:5,} output neurons, one for each {subject.thing}"])
    weights = " + ".join(f"{n_in} x {n_out}" for n_in, n_out in pairwise(sizes))
    n_biases = sum(sizes[1:])
    _say(
        terminal,
        f"Between them {weights} = {network.n_params - n_biases:,} weights, and {n_biases:,} "
        f"biases. That makes {network.n_params:,} parameters: as many knobs and dials to turn. At "
        "first, all of them are set at random.",
    )
    if experiment.method.explanation:
        _say(terminal, experiment.method.explanation)
    accuracy = experiment.accuracy()
    _say(terminal, f"accuracy before training: {accuracy:.1f} %")
    if accuracy < 200 / sizes[-1]:
        trash = "Utter trash, as it must be: a"
    else:
        trash = "A"
    _say(
        terminal,
        f"{trash} blind guess is right one time in {sizes[-1]}. Now the network is shown "
        f"{len(experiment.data.X_train):,} images ({subject.source}), {experiment.batch_size:,} "
        "at a time. The cost says how far off its answers are, on average over all these images. "
        "The gradient says which way to turn each knob so that the cost changes fastest, and its "
        "length says how steep the slope is. Each pass through all the images is called an "
        f"epoch. The test accuracy is that on {len(experiment.data.X_test):,} other images.",
    )
    terminal.say()


def _train_and_report(terminal: Terminal, experiment: Experiment) -> tuple[list[str], float]:
    """Train with a live line for each epoch.

    Return charts of cost and accuracy, and the training time in seconds.
    """
    n_epochs = experiment.n_epochs
    data = experiment.data
    seconds = 0.0
    history = []
    for number in range(n_epochs + 1):
        if number:
            start = time.perf_counter()
            experiment.train_epoch()
            seconds += time.perf_counter() - start
        history.append(experiment.measure())
        test = "test accuracy" if terminal.width >= _WIDE else "test"
        fields = [
            f"epoch {number:{len(str(n_epochs))}}/{n_epochs}",
            f"cost {history[-1].cost:.4f}",
            f"gradient {experiment.network.gradient(data.X_train, data.y_train).norm:.4f}",
            f"{test} {history[-1].test_accuracy:.1f} %",
        ]
        left = []
        if number:
            left.append(f"{duration(seconds / number * (n_epochs - number))} left")
        terminal.write_live([*fields, *left])
    terminal.settle()
    bottom = [(0.0, "0"), (1.0, count_noun(n_epochs, "epoch"))]
    points = list(zip(np.linspace(0, 1, n_epochs + 1).tolist(), history, strict=True))
    return training_charts(
        terminal, points, bottom, min(terminal.width, _WIDEST) - 1, _CHART_HEIGHT
    ), seconds


def _show_answers(terminal: Terminal, experiment: Experiment) -> None:
    """Draw four images: right answers, and the brightest mistake.

    The right answers are from different classes.
    """
    data = experiment.data
    outputs = experiment.network.forward(experiment.data.X_test)
    answers = outputs.argmax(axis=1)
    activations = outputs.max(axis=1)
    truth = data.y_test
    right = np.flatnonzero(answers == truth)
    wrong = np.flatnonzero(answers != truth)
    mistakes = "It made no mistake."
    if len(wrong):
        mistakes = (
            f"{len(wrong):,} of {len(truth):,} answers were wrong; the last image here is the "
            "mistake with the "
        )
        mistakes += "highest activation."
    _say(
        terminal,
        "Here are four of those images. The answer is the output neuron with the highest "
        "activation, a number from 0 to 1. It says how strongly the network holds this answer; "
        f"it is not the probability of being right. {mistakes}",
    )
    _, first = np.unique(truth[right], return_index=True)
    n_right = 3 if len(wrong) else 4
    chosen = right[np.sort(first)].tolist()[:n_right]
    chosen += wrong[np.argsort(-activations[wrong], kind="stable")].tolist()[: 4 - len(chosen)]
    blocks = []
    for i in chosen:
        mark = "" if answers[i] == truth[i] else " (mistake)"
        caption = f"answer: {data.labels[answers[i]]}", f"activation: {activations[i]:.3f}"
        image = drawing.digit_lines(terminal, data.X_test[i], whole=True)
        blocks.append([*image, *caption, f"truth: {data.labels[truth[i]]}{mark}"])
    _write_gallery(terminal, blocks)


def _show_neurons(terminal: Terminal, experiment: Experiment) -> None:
    """Draw the weights of two neurons of the first layer as images, one weight per pixel."""
    weights = experiment.network.weights[0].T.reshape(-1, SIDE, SIDE).astype(np.float64)
    positive = "shades"
    negative = "dashes"
    if terminal.colors:
        positive = "blue"
        negative = "orange"
    _say(
        terminal,
        f"This is what neurons of the first layer look for, drawn from their {SIDE * SIDE} "
        f"weights: {positive} where a bright pixel turns the neuron on, {negative} where it turns "
        "it off. Do you see edges, loops, strokes?",
    )
    # The clearest images are those in which neighbouring pixels are most alike.
    rows = weights[:, 1:] * weights[:, :-1]
    columns = weights[..., 1:] * weights[..., :-1]
    alike = (rows.sum(axis=(1, 2)) + columns.sum(axis=(1, 2))) / np.maximum(
        (weights**2).sum(axis=(1, 2)), 1e-300
    )
    clearest = np.argsort(-alike, kind="stable")[:2].tolist()
    names = Names(experiment.network.sizes, experiment.data.labels)
    blocks = [
        [*drawing.weight_lines(terminal, weights[i]), names.name(Unit(0, i))] for i in clearest
    ]
    _write_gallery(terminal, blocks)


def _write_gallery(terminal: Terminal, blocks: list[list[str]]) -> None:
    """Write images with captions, as many side by side as fit.

    Only the captions are written if an image is too wide.
    """
    if terminal.width < SIDE:
        blocks = [block[SIDE // 2 :] for block in blocks]
    per_row = max(1, (terminal.width + _GAP) // (SIDE + _GAP))
    for start in range(0, len(blocks), per_row):
        terminal.write_lines(["", *side_by_side(*blocks[start : start + per_row], gap=_GAP)])


def suggestions(chosen: ExperimentOptions, *, is_story: bool) -> dict[str, ExperimentOptions]:
    """Return options to try next by what they are, without those that were just used."""
    wider = replace(chosen, hidden=(128, 64))
    plain = ExperimentOptions(chosen.data, method="story")
    if is_story:
        other = {"a wider network": wider}
    else:
        other = {"the story's plain method": plain}
    other["another random start"] = replace(chosen, seed=(chosen.seed + 1) % 2**32)
    sets = {
        "the whole of MNIST, fast": ExperimentOptions("mnist"),
        "shirts, shoes and bags": ExperimentOptions("fashion"),
    }
    other |= {what: options for what, options in sets.items() if options.data != chosen.data}
    return {what: options for what, options in other.items() if options != chosen}


def _suggest(terminal: Terminal, experiment: Experiment, program: str) -> None:
    is_story = experiment.method is METHODS["story"]
    other = suggestions(experiment.options, is_story=is_story)
    commands = {f"digits {options.arguments()}": what for what, options in other.items()}
    _say(terminal, "Try next:")
    for group in (_LEARN, {**commands, "--help": "all commands"}):
        terminal.write_lines(["", *suggestion_lines(program, terminal.width, group)])
    if is_story:
        source = "Network and story follow"
    else:
        source = "The story is that of"
    _say(
        terminal, f"{source} 3Blue1Brown's video series Neural networks, chapters 1 to 4: {SERIES}"
    )


def suggestion_lines(program: str, width: int, commands: Mapping[str, str] = _LEARN) -> list[str]:
    """Return commands with their descriptions, by default those for learners.

    They are in two columns if they fit.
    """
    longest = max(map(len, commands))
    lines = [f"  {program} {command:{longest}}  {what}" for command, what in commands.items()]
    if max(map(len, lines)) <= width:
        return lines
    return [
        line
        for command, what in commands.items()
        for line in (f"  {program} {command}", f"      {what}")
    ]
