"""The command ``cmlp nudge``: backpropagation for one example, in numbers.

All numbers are parts of `Network.explain_step`. A wish is a wanted change; that of one example is
the first's.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np

from cmlp import Network
from cmlp._cli import experiment as experiment_options
from cmlp._cli import options
from cmlp._cli.terminal import Terminal, count_noun, wrap
from cmlp._model.results import ParameterIndex, letters
from cmlp.story import drawing, neurons
from cmlp.story.case import Case, case_of
from cmlp.story.neurons import Unit

DESCRIPTION = (
    "Show what one training image wants to change: the outputs, the three ways to follow such a "
    "wish, the layers before, and the average over several images, which is minus the gradient. "
    "The network is trained for one epoch first, because a trained network has little left to "
    "wish for."
)
# From this width on, the shares are beside the way to follow a wish.
_WIDE = 68
# Smaller numbers would be shown as 0.00; wishes below this part of the largest one get no arrow.
_VISIBLE = 0.005
_FEW_DIGITS = 0.001
_ARROWS = 9
# columns of the table of examples
_COLUMN = 6
_AVERAGE = 10
# of a sum, and of a layer; the smaller ones, and larger layers, are summed up
_MOST_TERMS = 4
_MOST_WISHES = 32
_DOTS = "  ..."


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    experiment_options.add(parser, *experiment_options.EXAMPLE)
    average = "number of training images to average over (default: 10)"
    parser.add_argument(
        "--examples", type=options.integer(1), default=10, metavar="N", help=average
    )
    step = "take a step along the average, with the learning rate, and look again"
    parser.add_argument("--step", action="store_true", help=step)
    experiment_options.add(parser, "--hidden")
    for name in experiment_options.TRAINING:
        own = {
            "type": options.integer(0),
            "default": 1,
            "help": "number of passes over the images (default: 1)",
        }
        if name == "--epochs":
            experiment_options.add(parser, name, **own)
        else:
            experiment_options.add(parser, name)


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Explain the image that the arguments name, and return the exit status."""
    with options.as_command_errors():
        case = case_of(arguments, of_training=True)
        n = arguments.examples
        n_images = len(case.experiment.data.X_train)
        if n > n_images:
            raise ValueError(
                f"--examples must be at most {n_images}, the number of training images, got {n}"
            )
        nudge = Nudge(case, n, terminal)
    if arguments.epochs:
        when = f"after {count_noun(arguments.epochs, 'epoch')}"
    else:
        when = "before training"
    subject = f"training {case.image_name()}, {when}, seed {arguments.seed}"
    title = f"{program} nudge {case.example.label}"
    sections = nudge.sections()
    if arguments.step:
        sections.append(nudge.step_lines())
    more = []
    if 10 * n <= 1000:
        more.append(f"--examples {10 * n}")
    hints = [case.other(0), *more, "--epochs 0 (untrained)", "--step (take it, look again)"]
    terminal.write_lines(drawing.page(title, subject, sections, hints, nudge.width))
    return 0


class Nudge:
    """What a gradient descent step wants for some training images.

    The first of them is that of a case.

    The network is in double precision, so that the sums agree to the last digits shown. On narrow
    terminals, lists and pictures continue below; tables show their first columns.
    """

    def __init__(self, case: Case, n: int, terminal: Terminal) -> None:
        self.case = case
        self.names = case.names
        self.terminal = terminal
        self.width = drawing.page_width(terminal)
        first = case.example.image
        self.images = [first, *(image for image in range(n) if image != first)][:n]
        single = case.experiment.train()
        kinds: dict[str, Any] = {
            name: getattr(single, name) for name in ("output", "loss", "input_scale")
        }
        self.network = Network(single.sizes, single.activation, dtype="float64", **kinds)
        self.network.params = single.params
        self.is_squared = single.loss == "squared_error"  # otherwise softmax with the log loss
        data = case.experiment.data
        self.X = data.X_train[self.images]
        self.y = data.y_train[self.images]
        self.step = self.network.explain_step(self.X, self.y)

    def sections(self) -> list[list[str]]:
        """Write the parts of the page.

        Outputs, one output, one neuron of the layer before, all layers, the average.

        The neurons are the right output, and that with the largest wish in the layer before, or the
        one asked for.
        """
        last = self.names.last
        unit = self.case.unit
        output = Unit(last, int(self.y[0]))
        if unit is not None and unit.layer == last:
            output = unit
        sections = [self._outputs_lines(), self._ways_lines(output)]
        if last:
            # The neuron with the largest wish in the example, if possible one that can follow it.
            wishes = np.abs(self.step.layers[-2].output_changes[0]) * (
                self.step.layers[-2].bias_changes[0] != 0
            )
            loudest = Unit(last - 1, int(wishes.argmax()))
            before = unit if unit and unit.layer < last else loudest
            sections.append(self._before_lines(before))
            head = "And so on to the front: what every hidden neuron should do, in hundredths."
            sections.append([*wrap(head, self.width), *self._layer_wish_lines()])
        return [*sections, self._everybody_lines(output)]

    def step_lines(self) -> list[str]:
        """Take one step along the average, and write the costs and the outputs after it.

        The network changes.
        """
        rate = self.case.experiment.rate
        mean = self._cost()
        own = self._cost(1)
        self.network.step(self.X, self.y, rate)
        self.step = self.network.explain_step(self.X, self.y)
        changes = [f"that of this {self.case.example.label} from {own:.3f} to {self._cost(1):.3f}."]
        if len(self.images) > 1:
            changes.insert(
                0,
                (
                    f"the cost of the {len(self.images)} images goes from {mean:.3f} to "
                    f"{self._cost():.3f}"
                ),
            )
        text = f"One step along the average (learning rate {rate:g}): {', '.join(changes)}"
        return [*wrap(text, self.width), "", *self._outputs_lines()]

    def _cost(self, n: int | None = None) -> float:
        return self.network.cost(self.X[:n], self.y[:n])

    def _outputs_lines(self) -> list[str]:
        """Draw the image beside the table of its outputs, and say what a wish is.

        The table has the wanted changes.
        """
        answer = self.names.labels[int(self.step.layers[-1].outputs[0].argmax())]
        text = (
            f"The network says {answer} for this {self.case.example.label}; the cost is "
            f"{self._cost(1):.3f}, "
        )
        if self.is_squared:
            text += "the sum of the squares. A wish is 2 x (wanted - is): up or down, and larger where the output is "
            text += "further off."
        else:
            text += "the log loss. The wish for the sum of each output is wanted - is: larger where it is further off."
        image = drawing.digit_lines(self.terminal, self.X[0])
        table = drawing.beside_or_below(image, self._output_table(), self.width)
        return [*table, "", *wrap(text, self.width)]

    def _output_table(self) -> list[str]:
        """Write a line per output.

        It has the activation, the wanted value, the squared difference, and the wish with arrows.

        For softmax the wishes are those for the weighted sums, because its outputs cannot change
        one by one.
        """
        last = self.step.layers[-1]
        labels = self.names.labels
        targets = self.step.targets[0]
        longest = max(map(len, labels))
        wishes = (last.output_changes if self.is_squared else last.bias_changes)[0]
        largest = float(np.abs(wishes).max()) or 1.0
        square = " squared" if self.is_squared else ""
        lines = [f"{'':{longest}}    is wanted{square}   wish"]
        for label, output, target, wish in zip(
            labels, last.outputs[0], targets, wishes, strict=True
        ):
            square = ""
            if self.is_squared:
                square = f" {(output - target) ** 2:7.3f}"
            way = "up" if wish > 0 else "down"
            length = 0
            if abs(wish) > _VISIBLE * largest:
                length = max(1, round(_ARROWS * abs(wish) / largest))
            arrows = drawing.styled(self.terminal, drawing.symbol(self.terminal, way) * length, way)
            numbers = f"{output:.3f} {target:6.0f}{square} {wish:+.3f}"
            lines.append(f"{label:{longest}} {numbers} {arrows}".rstrip())
        return lines

    def _ways_lines(self, unit: Unit) -> list[str]:
        """Write the wish of a neuron, and a line for each way to follow it.

        The lines have the largest shares.

        A small step changes the bias by the wish for the sum, each weight by this wish times the
        activation behind it, and each activation by this wish times its weight. The weighted sum
        then changes in proportion to 1, the sum of the squared activations, and the sum of the
        squared weights. The pixels cannot change.
        """
        is_output = unit.layer == self.names.last
        layer = self.step.layers[unit.layer]
        name = self.names.name(unit)
        if is_output:
            name = f"Output {name}"
        wish = float(layer.output_changes[0, unit.neuron])
        sum_wish = float(layer.bias_changes[0, unit.neuron])
        head = f"{name}: wish for its sum {_format_signed(sum_wish)}"
        # The slope is not defined by a wish of 0, and for softmax it depends on the whole layer.
        if wish and (self.is_squared or not is_output):
            slope = (
                f"slope of its {neurons.function_name(self.network, unit.layer)} "
                f"{sum_wish / wish:.3f}"
            )
            head = (
                f"{name}: wish {wish:+.3f} x {slope} = wish for its sum {_format_signed(sum_wish)}"
            )
        if sum_wish == 0:
            nothing = "Its slope is 0 here, so nothing behind it has a share."
            return [*wrap(head, self.width), *wrap(nothing, self.width)]
        sources = [neurons.source_name(unit.layer, i) for i in range(layer.inputs.shape[1])]
        ways = [
            ("bias         wish", [""], np.ones(1)),
            ("weights      wish x activation", sources, layer.inputs[0]),
        ]
        note = "Two ways to follow it (the pixels stay as they are)"
        if unit.layer:
            ways.append(("activations  wish x weight", sources, layer.weights[:, unit.neuron]))
            note = "Three ways to follow it"
        total = sum(factors @ factors for _, _, factors in ways)
        lines = wrap(f"{note}, and how much of the change of its sum each would give:", self.width)
        for way, names, factors in ways:
            start = f"{100 * (factors @ factors) / total:4.0f} %  {way:32}"
            if self.width < _WIDE:
                lines.append(start.rstrip())
                start = " " * 8
            order = np.argsort(-np.abs(factors), kind="stable").tolist()
            shares = [f"{names[i]} {_format_signed(sum_wish * factors[i])}".strip() for i in order]
            shown, *more = drawing.join_texts(shares, self.width - len(start) - len(_DOTS), gap=2)
            dots = _DOTS if more else ""
            lines.append(f"{start}{shown}{dots}")
        return [*wrap(head, self.width), *lines]

    def _before_lines(self, unit: Unit) -> list[str]:
        """Write how the wish of a hidden neuron adds up, and the ways to follow it.

        It adds up from the next layer.
        """
        names = self.names
        following = self.step.layers[unit.layer + 1]
        if unit.layer == names.last - 1:
            who = "the outputs"
        else:
            who = f"the neurons of layer {letters(unit.layer + 1)}"
        head = (
            "Activations cannot be turned: their changes are wishes again. "
            f"What {who} pass back to {names.name(unit)}"
        )
        each = following.weights[unit.neuron] * following.bias_changes[0]
        order = np.argsort(-np.abs(each), kind="stable").tolist()
        terms = [
            f"{each[j]:+.3f} ({names.name(Unit(unit.layer + 1, j))})" for j in order[:_MOST_TERMS]
        ]
        if len(order) > _MOST_TERMS:
            terms.append(f"{each[order[_MOST_TERMS:]].sum():+.3f} (others)")
        start = (
            f"{names.name(unit)}: "
            f"{self.step.layers[unit.layer].output_changes[0, unit.neuron]:+.3f} ="
        )
        terms = drawing.join_texts([start, *terms], self.width, gap=1)
        return [*wrap(f"{head} adds up:", self.width), *terms, *self._ways_lines(unit)]

    def _layer_wish_lines(self) -> list[str]:
        """Write the wishes for all hidden neurons in hundredths, the last layer first."""
        lines: list[str] = []
        for layer, part in reversed(list(enumerate(self.step.layers[:-1]))):
            values = 100 * part.output_changes[0]
            wishes = [
                f"{self.names.name(Unit(layer, i)):>4} {value:+4.0f}"
                for i, value in enumerate(values)
            ]
            if len(values) > _MOST_WISHES:
                wishes = [
                    f"{letters(layer)}: {len(values):,} wishes from {values.min():+.0f} to "
                    f"{values.max():+.0f}"
                ]
            lines += drawing.join_texts(wishes, self.width, gap=1)
        return lines

    def _everybody_lines(self, output: Unit) -> list[str]:
        """Write a table of what each example wants from some weights and biases.

        The averages are minus the gradient.

        The weights and biases are the bias of an output, its weight with the largest wish, and the
        bias with the largest other wish.
        """
        n = len(self.images)
        layer = self.step.layers[-1]
        others = np.abs(layer.bias_changes[0])
        others[output.neuron] = -1
        ends = (
            (None, output.neuron),
            (int(np.abs(layer.inputs[0]).argmax()), output.neuron),
            (None, int(others.argmax())),
        )
        knobs = [ParameterIndex(output.layer, *each) for each in ends]
        margin = max(len(self.names.name_knob(knob)) for knob in knobs)
        shown = min(n, max((self.width - margin - _AVERAGE) // _COLUMN, 1))

        def row(name: str, cells: Sequence[str], average: str = "") -> str:
            columns = "".join(f"{cell:>{_COLUMN}}" for cell in cells[:shown])
            return f"{name:{margin}}{columns}{average:>{_AVERAGE}}".rstrip()

        table = [row("image", [str(image) for image in self.images], "average")]
        table.append(row("label", [self.names.labels[digit][: _COLUMN - 1] for digit in self.y]))
        for knob in knobs:
            wishes = layer.bias_changes[:, knob.target]
            if knob.source is not None:
                wishes = wishes * layer.inputs[:, knob.source]
            table.append(
                row(
                    self.names.name_knob(knob),
                    [_format_change(wish) for wish in wishes],
                    f"{wishes.mean():+.6f}",
                )
            )
        if n > shown:
            table.append(f"and {count_noun(n - shown, 'more image')}")
        gradient = self.network.gradient(self.X, self.y).flat
        head = "What the image wants from three of the knobs (weights and biases):"
        text = "For a single image, this is"
        if n > 1:
            head = (
                "What each image, the one above first, wants from three of the knobs (weights and "
                "biases):"
            )
            text = f"The average over the {n:,} images is"
        text += f" minus the gradient that cmlp computes in one go: for all {len(gradient):,} weights and biases, the "
        text += f"largest difference is {np.abs(self.step.average.flat + gradient).max():.0e}."
        return [*wrap(head, self.width), *table, "", *wrap(text, self.width)]


def _format_signed(value: float) -> str:
    """Return a number with its sign and four decimals.

    It is a power of ten if these would show too little of it.
    """
    if abs(value) >= _FEW_DIGITS or value == 0:
        return f"{value:+.4f}"
    return f"{value:+.1e}"


def _format_change(value: float) -> str:
    if abs(value) < _VISIBLE:
        return "."
    if abs(value) < 99:
        return f"{value:+.2f}"
    return f"{value:+.0f}"
