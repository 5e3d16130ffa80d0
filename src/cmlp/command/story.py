"""The story: a network that knows nothing learns to read images before your eyes.

By default, the bundled sample is trained with the method "story": logistic neurons, squared error, plain gradient
descent with batches of 10 images. Complete data sets are trained with the method "fast".
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cmlp import datasets
from cmlp.command.terminal import Terminal, sparkline
from cmlp.network import Epoch, Network
from cmlp.presets import PRESETS
from cmlp.training.schedules import SCHEDULES

_SIDE = 28
_N_CLASSES = 10


@dataclass(frozen=True)
class Options:
    """The options of the command line: data set, hidden layers and training parameters.

    If `method` is None, it depends on the data set. If hidden layers, epochs or activation are None, they depend on the
    method.
    """

    data: str = "sample"
    hidden: tuple[int, ...] | None = None
    epochs: int | None = None
    seed: int = 0
    threads: int | None = None
    method: str | None = None
    activation: str | None = None

    def arguments(self) -> str:
        """Return these options as command-line arguments for ``cmlp digits``."""
        given = {name: value for name, value in vars(self).items() if value != getattr(Options, name)}
        if self.hidden is not None:
            given["hidden"] = ",".join(map(str, self.hidden)) or "none"
        return " ".join(f"--{name} {value}" for name, value in given.items())


class _Subject(NamedTuple):
    """A data set, and the words in which the story describes it."""

    load: Callable[[], datasets.Dataset]
    aim: str
    thing: str
    looks: str
    source: str
    method: str


_DIGITS = (
    "read handwritten digits",
    "digit",
    "Neat edges and loops? Hardly: it found its own way.",
)
_CLOTHES = ("recognize clothes", "kind of clothing", "Sleeves, legs and soles, if you squint.")
_SUBJECTS = {
    "sample": _Subject(datasets.load_digits28, *_DIGITS, "the first of MNIST", "story"),
    "mnist": _Subject(datasets.load_mnist, *_DIGITS, "MNIST", "fast"),
    "fashion": _Subject(datasets.load_fashion_mnist, *_CLOTHES, "Fashion-MNIST", "fast"),
}
DEFAULT_METHODS = {name: subject.method for name, subject in _SUBJECTS.items()}
# The presets by their names in the command.
METHODS = {preset.method: preset for preset in PRESETS.values()}
_HYPERPARAMETERS = ("momentum", "beta_1", "beta_2", "epsilon")


class Story:
    """An untrained network and its training data.

    Parameters
    ----------
    options : Options
        The data set, the hidden layers and the training parameters.

    Raises
    ------
    FileNotFoundError, ValueError
        If the data set cannot be loaded, or the network cannot be created.
    """

    def __init__(self, options: Options) -> None:
        self.subject = _SUBJECTS[options.data]
        self.options = options
        self.method = METHODS[options.method or self.subject.method]
        parameters = self.method.parameters
        self.n_epochs = options.epochs or parameters["max_iter"]
        self.batch_size: int = parameters["batch_size"]
        self.activation: str = options.activation or parameters["activation"]
        hidden = parameters["hidden_layer_sizes"] if options.hidden is None else options.hidden
        self.data = self.subject.load()
        self.rng = np.random.RandomState(options.seed)
        self.network = Network(
            (self.data.X_train.shape[1], *hidden, _N_CLASSES),
            activation=self.activation,
            output="softmax" if parameters["loss"] == "log_loss" else "logistic",
            loss=parameters["loss"],
            input_scale=parameters["input_scale"],
            random_state=self.rng,
            n_threads=options.threads,
        )
        rate = parameters["learning_rate_init"]
        given = {name: parameters[name] for name in _HYPERPARAMETERS if name in parameters}
        self.optimizer = self.network.optimizer(parameters["solver"], learning_rate=rate, **given)
        self.schedule = SCHEDULES[parameters.get("learning_rate", "constant")](rate, 0.5, self.n_epochs)
        self.order = np.arange(len(self.data.X_train))

    def train_epoch(self, number: int) -> Epoch:
        """Train one epoch (`number` starts at 1) on the training images in a new random order."""
        self.rng.shuffle(self.order)
        n_batches = -(-len(self.order) // self.batch_size)
        return self.network.run_epoch(
            self.data.X_train,
            self.data.y_train,
            self.batch_size,
            self.optimizer,
            order=self.order,
            learning_rates=self.schedule.batch_rates(number - 1, n_batches),
            gradient_norm=True,
        )

    def accuracy(self) -> float:
        """Return the accuracy on the test images, in percent."""
        answers = self.network.forward(self.data.X_test).argmax(axis=1)
        return 100 * float(np.mean(answers == self.data.y_test))


def tell(terminal: Terminal, story: Story, program: str = "cmlp") -> None:
    """Tell the whole story: introduce the network, train it, and show the results.

    Parameters
    ----------
    terminal : Terminal
        The terminal to write to.
    story : Story
        The network and its data.
    program : str
        The program name for the suggested commands.
    """
    try:
        _introduce(terminal, story)
        seconds = _train(terminal, story)
        _report(terminal, story, seconds)
        _show_answers(terminal, story)
        _show_neurons(terminal, story)
        _suggest(terminal, story, program)
    except KeyboardInterrupt:
        terminal.settle()
        raise


def _introduce(terminal: Terminal, story: Story) -> None:
    """Describe the network and its accuracy before training."""
    network, subject = story.network, story.subject
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
    if story.method.explanation:
        terminal.say(story.method.explanation)
        terminal.say()
    terminal.say(f"accuracy before training: {story.accuracy():.1f} %")
    terminal.say()
    terminal.say(
        f"Utter trash, as it must be: a blind guess is right one time in {_N_CLASSES}. Now the network is "
        f"shown {len(story.data.X_train):,} images ({subject.source}), {story.batch_size} at a time. "
        f"The cost says how far off its answers are. The gradient says which way to turn each "
        f"knob so that the cost falls fastest, and its length says how steep the way down is. "
        f"Each pass through all the images is called an epoch."
    )
    terminal.say()


def _train(terminal: Terminal, story: Story) -> float:
    """Train and show the progress of each epoch in a live line; return the training time in seconds."""
    n_epochs = story.n_epochs
    seconds = 0.0
    costs, accuracies = [], [story.accuracy()]
    for number in range(1, n_epochs + 1):
        start = time.perf_counter()
        epoch = story.train_epoch(number)
        seconds += time.perf_counter() - start
        costs.append(epoch.cost)
        accuracies.append(story.accuracy())
        left = seconds / number * (n_epochs - number)
        terminal.write_live(
            [
                f"epoch {number:{len(str(n_epochs))}}/{n_epochs}",
                f"cost {epoch.cost:.4f}",
                f"gradient {epoch.gradient_norm:.4f}",
                f"test accuracy {accuracies[-1]:.1f} %",
                f"{_duration(left)} left",
            ]
        )
    terminal.settle()
    if terminal.rewrites and terminal.blocks:
        _draw_curves(terminal, costs, accuracies)
    return seconds


def _draw_curves(terminal: Terminal, costs: list[float], accuracies: list[float]) -> None:
    """Draw cost and accuracy of all epochs as bar charts."""
    max_bars = max(1, min(terminal.width - 32, 40))
    bars = sparkline(accuracies, max_bars)
    fell = f"{costs[0]:.3f} to {costs[-1]:.3f}"
    rose = f"{accuracies[0]:.1f} % to {accuracies[-1]:.1f} %"
    terminal.write_lines(
        [
            "",
            f"  accuracy  {bars}  {rose}",
            "",
            f"  cost      {sparkline(costs, max_bars):>{len(bars)}}  {fell}",
        ]
    )


def _report(terminal: Terminal, story: Story, seconds: float) -> None:
    """Report the accuracy on the test images, and the training time."""
    n_shown = story.n_epochs * len(story.data.X_train)
    terminal.say()
    terminal.say(f"test accuracy: {story.accuracy():.1f} %")
    terminal.say()
    terminal.say(
        f"That is on {len(story.data.X_test):,} images that it has never seen. Training took "
        f"{_duration(seconds)}: {n_shown:,} images, {n_shown / seconds:,.0f} a second."
    )
    terminal.say()


def _show_answers(terminal: Terminal, story: Story) -> None:
    """Draw four test images with the network's answers; the last one is a mistake if there is any."""
    data = story.data
    outputs = story.network.forward(data.X_test)
    answers, confidences = outputs.argmax(axis=1), outputs.max(axis=1)
    right = answers == data.y_test
    chosen = _choose(right, confidences, data.y_test)
    captions = [
        [
            f"answer: {data.labels[answers[i]]}",
            f"confidence: {100 * confidences[i]:.1f} %",
            f"truth: {data.labels[data.y_test[i]]}{'' if right[i] else ' (mistake)'}",
        ]
        for i in chosen
    ]
    n_wrong = np.count_nonzero(~right)
    mistakes = (
        f"{n_wrong:,} of {len(right):,} answers were wrong; the last image here is the mistake it was surest about."
        if n_wrong
        else "It made no mistake."
    )
    terminal.say(
        f"Here are four of those images. The answer is the output neuron that lights up most; the "
        f"confidence says how brightly. {mistakes}"
    )
    images = data.X_test[chosen].reshape(-1, _SIDE, _SIDE) / 255
    # Crop the rows at the top and the bottom that are black in all four images. Start at an even row, because a line of
    # text shows two rows of pixels.
    nonzero = np.flatnonzero(images.any(axis=(0, 2)))
    images = images[:, nonzero[0] // 2 * 2 : nonzero[-1] + 1]
    terminal.write_gallery([terminal.draw(image) for image in images], captions, _SIDE)


def _choose(right: NDArray[np.bool_], confidences: NDArray[np.floating], truth: NDArray[np.integer]) -> list[int]:
    """Return the indices of four images: correct answers from different classes, and the most confident mistake."""
    _, first = np.unique(truth[right], return_index=True)
    chosen: list[int] = np.flatnonzero(right)[np.sort(first)].tolist()
    wrong = np.flatnonzero(~right)
    surest: list[int] = wrong[np.argsort(-confidences[wrong], kind="stable")].tolist()
    chosen = chosen[: 3 if len(wrong) else 4]
    return chosen + surest[: 4 - len(chosen)]


def _show_neurons(terminal: Terminal, story: Story) -> None:
    """Draw the weights of two neurons of the first layer as images, one weight per pixel."""
    weights = story.network.weights[0].T.reshape(-1, _SIDE, _SIDE)
    positive, negative = ("blue", "red") if terminal.colors else ("shades", "dashes")
    looks_for = (
        f"two of the {len(weights)} neurons of the first layer look for, drawn from their"
        if len(weights) > 1
        else "the only neuron of the first layer looks for, drawn from its"
    )
    terminal.say(
        f"This is what {looks_for} {_SIDE * _SIDE} weights: {positive} where a bright pixel turns the "
        f"neuron on, {negative} where it turns it off. {story.subject.looks}"
    )
    clearest = np.argsort(-_smoothness(weights), kind="stable")[:2]
    # Scale by a quantile, not by the maximum: a few extreme weights would make all others almost black.
    strengths = [np.quantile(np.abs(weights[i]), 0.98) for i in clearest]
    images = [
        terminal.draw(weights[i] / strength, signed=True) for i, strength in zip(clearest, strengths, strict=True)
    ]
    is_output = len(story.network.sizes) == 2
    captions = [[f"the neuron for {story.data.labels[i]}" if is_output else f"neuron {i + 1}"] for i in clearest]
    terminal.write_gallery(images, captions, _SIDE)


def _smoothness(images: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the correlation of neighbouring pixels in each image: about 0 for noise, at most 2."""
    vertical = (images[:, 1:] * images[:, :-1]).sum(axis=(1, 2))
    horizontal = (images[:, :, 1:] * images[:, :, :-1]).sum(axis=(1, 2))
    smoothness: NDArray[np.floating] = (vertical + horizontal) / (images**2).sum(axis=(1, 2))
    return smoothness


def _suggestions(options: Options) -> list[tuple[Options, str]]:
    """Return options to try next with a short description, without the options that were just used."""
    other_seed = (options.seed + 1) % 2**32
    if METHODS[options.method or _SUBJECTS[options.data].method] is METHODS["story"]:
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


def _suggest(terminal: Terminal, story: Story, program: str) -> None:
    """Suggest commands to try next."""
    commands = {suggested.arguments(): what for suggested, what in _suggestions(story.options)}
    commands["--help"] = "what can be changed"
    width = max(map(len, commands))
    terminal.say("Try next:")
    terminal.write_lines(
        [
            "",
            *(f"  {program} digits {command:{width}}  {what}" for command, what in commands.items()),
            "",
            "In Python: from cmlp import MLPClassifier, a replacement for scikit-learn's.",
        ]
    )


def _duration(seconds: float) -> str:
    if seconds < 0.995:
        return f"{seconds:.2f} s"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 119.5:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min"
