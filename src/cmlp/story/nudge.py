"""The command ``cmlp nudge``: backpropagation for one example, in numbers.

All numbers are parts of `Network.explain_step`. A wish is a wanted change; that of one example is the first's.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cmlp import Network
from cmlp._cli import experiment as experiment_options
from cmlp._cli import options
from cmlp._cli.terminal import Terminal, count_noun, side_by_side, visible, wrapped
from cmlp._model.results import Gradient, ParameterIndex, letters
from cmlp.story import drawing, neurons
from cmlp.story.case import Case, case_of
from cmlp.story.neurons import Unit

DESCRIPTION = (
    "Show what one training image wants to change: the outputs, the three ways to follow such a wish, the layers "
    "before, and the average over several images, which is minus the gradient. The network is trained for one epoch "
    "first, because a trained network has little left to wish for."
)
_WIDE = 68
# Smaller numbers would be shown as 0.00; wishes below this part of the largest one get no arrow.
_VISIBLE = 0.005
_FEW_DIGITS = 0.001
_FEW_ARROWS, _MOST_ARROWS = 6, 12
_COLUMN = 6
_MOST_WISHES = 32  # of a layer; the wishes of larger ones are summed up


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    experiment_options.add(parser, *experiment_options.EXAMPLE)
    average = "number of training images to average over (default: 10)"
    parser.add_argument("--examples", type=options.integer(1), default=10, metavar="N", help=average)
    step = "take a step along the average, with the learning rate, and look again"
    parser.add_argument("--step", action="store_true", help=step)
    experiment_options.add(parser, "--hidden")
    for name in experiment_options.TRAINING:
        own = {"type": options.integer(0), "default": 1, "help": "number of passes over the images (default: 1)"}
        experiment_options.add(parser, name, **(own if name == "--epochs" else {}))


def run(arguments: argparse.Namespace, terminal: Terminal, program: str) -> int:
    """Explain the image that the arguments name, and return the exit status."""
    with options.reporting():
        case = case_of(arguments, of_training=True)
        n, n_images = arguments.examples, len(case.experiment.data.X_train)
        if n > n_images:
            raise ValueError(f"--examples must be at most {n_images}, the number of training images, got {n}")
        nudge = Nudge(case, n, terminal)
    when = f"after {count_noun(arguments.epochs, 'epoch')}" if arguments.epochs else "before training"
    subject = f"training {case.image_name()}, {when}, seed {arguments.seed}"
    title = f"{program} nudge {case.example.label}"
    sections = nudge.sections()
    if arguments.step:
        sections.append(nudge.step_lines())
    more = [f"--examples {10 * n}"] if 10 * n <= 1000 else []
    hints = [case.other(0), *more, "--epochs 0 (untrained)", "--step (take it, look again)"]
    terminal.write_lines(drawing.page(title, subject, sections, hints, nudge.width))
    return 0


class Nudge:
    """What a gradient descent step wants for some training images, of which the first is that of a case.

    The network is in double precision, so that the sums agree to the last digits shown. The gradient is from
    `Network.gradient`, which does not use `step`.
    """

    def __init__(self, case: Case, n: int, terminal: Terminal) -> None:
        self.case, self.names, self.terminal, self.width = case, case.names, terminal, drawing.page_width(terminal)
        data = case.experiment.data
        others = [image for image in range(min(n, len(data.X_train))) if image != case.example.image][: n - 1]
        self.images = [case.example.image, *others]
        single = case.experiment.train()
        kinds: dict[str, Any] = {name: getattr(single, name) for name in ("output", "loss", "input_scale")}
        self.network = Network(single.sizes, single.activation, dtype="float64", **kinds)
        self.network.params = single.params
        self.X, self.y = data.X_train[self.images], data.y_train[self.images]
        self.gradient = self.network.gradient(self.X, self.y)
        self._explain()

    def _explain(self) -> None:
        self.step = self.network.explain_step(self.X, self.y)
        self.cost = self.network.cost(self.X[:1], self.y[:1])

    def sections(self) -> list[list[str]]:
        """Write the parts of the page: outputs, one output, one neuron of the layer before, all layers, the average.

        The neurons are the right output, and that with the largest wish in the layer before, or the one asked for.
        """
        last, unit = self.names.last, self.case.unit
        output = unit if unit is not None and unit.layer == last else Unit(last, int(self.y[0]))
        sections = [self._outputs_lines(), self._ways_lines(output)]
        if last:
            # The neuron with the largest wish in the example, if possible one that can follow it.
            wishes = np.abs(self.step.layers[-2].output_changes[0]) * (self.step.layers[-2].bias_changes[0] != 0)
            loudest = Unit(last - 1, int(wishes.argmax()))
            sections.append(self._before_lines(unit if unit and unit.layer < last else loudest))
            head = "And so on to the front: what every hidden neuron should do, in hundredths."
            sections.append([*wrapped(head, self.width), *self._layer_wish_lines()])
        return [*sections, self._everybody_lines(output)]

    def step_lines(self) -> list[str]:
        """Take one step along the average, and write the costs and the outputs after it. The network changes."""
        before, cost, rate = self.network.cost(self.X, self.y), self.cost, self.case.experiment.rate
        self.network.step(self.X, self.y, rate)
        self._explain()
        n = len(self.images)
        mean = f"the cost of the {n} images goes from {before:.3f} to {self.network.cost(self.X, self.y):.3f}, "
        own = f"that of this {self.case.example.label} from {cost:.3f} to {self.cost:.3f}."
        text = f"One step along the average (learning rate {rate:g}): {mean if n > 1 else ''}{own}"
        return [*wrapped(text, self.width), "", *self._outputs_lines()]

    @property
    def _has_softmax(self) -> bool:
        return self.network.output == "softmax"

    def _outputs_lines(self) -> list[str]:
        """Draw the image beside the table of its outputs, with the wanted changes, and say what a wish is."""
        is_wide, squared = self.width >= _WIDE, self.network.loss == "squared_error"
        image = drawing.digit_lines(self.terminal, self.X[0], margin=1 if is_wide else 0)
        space = self.width - max(len(visible(line)) for line in image) - 2
        answer = self.names.labels[int(self.step.layers[-1].outputs[0].argmax())]
        says = f"The network says {answer} for this {self.case.example.label}; the cost is {self.cost:.3f}"
        meaning = ". A wish is minus the derivative of the cost with respect to the output."
        if squared:
            meaning = ", the sum of the squares. A wish is 2 x (wanted - is): up or down, and larger where the output "
            meaning += "is further off."
        elif self._has_softmax:
            meaning = ", the log loss. The wish for the sum of each output is wanted - is: larger where it is further "
            meaning += "off."
        table = self._output_table(space, squared=squared and is_wide)
        return [*side_by_side(image, table), "", *wrapped(says + meaning, self.width)]

    def _output_table(self, width: int, *, squared: bool) -> list[str]:
        """Write a line per output: its activation, the wanted value, and the wish, with arrows as far as they fit.

        For softmax the wishes are those for the weighted sums, because its outputs cannot change one by one.
        """
        last, labels = self.step.layers[-1], self.names.labels
        wishes = (last.bias_changes if self._has_softmax else last.output_changes)[0]
        longest = max(map(len, labels))
        rows = []
        for label, output, target, wish in zip(labels, last.outputs[0], self.step.targets[0], wishes, strict=True):
            square = [f"squared {(output - target) ** 2:.3f}"] if squared else []
            rows.append(
                [f"{label:{longest}}", f"is {output:.3f}", f"wanted {target:.0f}", *square, f"wish {wish:+.3f}"]
            )
        gap = "  " if max(len("  ".join(row)) for row in rows) + 1 + _FEW_ARROWS <= width else " "
        texts = [gap.join(row) for row in rows]
        space = min(_MOST_ARROWS, width - max(map(len, texts)) - 1)
        scale = float(np.abs(wishes[np.isfinite(wishes)]).max(initial=0.0)) or 1.0
        return [
            f"{text} {self._arrows(wish / scale, space)}".rstrip() for text, wish in zip(texts, wishes, strict=True)
        ]

    def _arrows(self, share: float, width: int) -> str:
        """Draw a wish as arrows, up (blue) or down (orange)."""
        if width < 1 or not np.isfinite(share) or abs(share) <= _VISIBLE:
            return ""
        way = "up" if share > 0 else "down"
        arrow: str = drawing.symbol(self.terminal, way)
        return drawing.styled(self.terminal, arrow * max(1, round(min(abs(share), 1) * width)), way)

    def _ways_lines(self, unit: Unit) -> list[str]:
        """Write the wish of a neuron, and a line for each way to follow it, with the largest shares.

        A small step changes the bias by the wish for the sum, each weight by this wish times the activation behind
        it, and each activation by this wish times its weight. The weighted sum then changes in proportion to 1, the
        sum of the squared activations, and the sum of the squared weights. The pixels cannot change.
        """
        is_output, width, layer = unit.layer == self.names.last, self.width, self.step.layers[unit.layer]
        name = f"Output {self.names.of(unit)}" if is_output else self.names.of(unit)
        wish, sum_wish = float(layer.output_changes[0, unit.neuron]), float(layer.bias_changes[0, unit.neuron])
        head = f"{name}: wish for its sum {_signed(sum_wish)}"
        # The slope is not defined by a wish of 0, and for softmax it depends on the whole layer.
        if np.isfinite(wish) and wish and not (is_output and self._has_softmax):
            slope = f"slope of its {neurons.function_name(self.network, unit.layer)} {sum_wish / wish:.3f}"
            head = f"{name}: wish {wish:+.3f} x {slope} = wish for its sum {_signed(sum_wish)}"
        if sum_wish == 0:
            nothing = wrapped("  Its slope is 0 here, so nothing behind it has a share.", width)
            return [*wrapped(head, width), *nothing]
        inputs, weights = layer.inputs[0].astype(float), layer.weights[:, unit.neuron].astype(float)
        sizes = np.array([1.0, inputs @ inputs, weights @ weights if unit.layer else 0.0])
        column = 13 if width < 70 else 32
        space = width - column - 8
        names = [neurons.source_name(unit.layer, i) for i in range(len(inputs))]
        ways = "  bias         wish", "  weights      wish x activation", "  activations  wish x weight"
        shares = [_largest_shares(names, sum_wish * factors, space) for factors in (inputs, weights)]
        rows = zip(ways, [_signed(sum_wish), *shares], sizes / sizes.sum(), strict=True)
        lines = [f"{way[:column]:{column}}  {text:{space}}{100 * part:4.0f} %" for way, text, part in rows]
        if unit.layer == 0:
            lines[2] = "  the pixels stay as they are"
        n_ways = "Three" if unit.layer else "Two"
        note = f"{n_ways} ways to follow it, and how much of the change of its sum each would give:"
        return [*wrapped(head, width), *wrapped(note, width), *lines]

    def _before_lines(self, unit: Unit) -> list[str]:
        """Write how the wish of a hidden neuron adds up from the next layer, and the ways to follow it."""
        names, following = self.names, self.step.layers[unit.layer + 1]
        who = "the outputs" if unit.layer == names.last - 1 else f"the neurons of layer {letters(unit.layer + 1)}"
        head = f"Activations cannot be turned: their changes are wishes again. What {who} pass back to {names.of(unit)}"
        each = following.weights[unit.neuron] * following.bias_changes[0]
        order = np.argsort(-np.abs(each), kind="stable")
        start = f"{names.of(unit)}: {self.step.layers[unit.layer].output_changes[0, unit.neuron]:+.3f} = "
        sources = [names.of(Unit(unit.layer + 1, int(j))) for j in order]
        terms = [f"{each[j]:+.3f} ({'' if k else 'from '}{sources[k]})" for k, j in enumerate(order)]
        line, n = start + " ".join(terms), len(terms)
        while len(line) > self.width and n > 1:
            n -= 1
            line = start + " ".join([*terms[:n], f"{each[order[n:]].sum():+.3f} (others)"])
        return [*wrapped(f"{head} adds up:", self.width), line, *self._ways_lines(unit)]

    def _layer_wish_lines(self) -> list[str]:
        """Write the wishes for all hidden neurons in hundredths, the last layer first."""
        lines: list[str] = []
        for layer, part in reversed(list(enumerate(self.step.layers[:-1]))):
            values = 100 * part.output_changes[0].astype(float)
            if len(values) > _MOST_WISHES:
                lines.append(
                    f"{letters(layer)}: {len(values):,} wishes from {values.min():+.0f} to {values.max():+.0f}"
                )
                continue
            wishes = [f"{self.names.of(Unit(layer, i)):>4} {value:+4.0f}" for i, value in enumerate(values)]
            lines += drawing.joined(wishes, self.width, gap=1)
        return lines

    def _everybody_lines(self, output: Unit) -> list[str]:
        """Write what each of the examples wants from some weights and biases, the averages, and the gradient."""
        n, step = len(self.images), self.step
        head, knobs_are = "What the image wants from three of the knobs", "(weights and biases)"
        text = "For a single image, this is minus the gradient that cmlp computes in one go:"
        if n > 1:
            head = "What each image wants from three of the knobs"
            knobs_are += f"; [{self.images[0]}] is the one above"
            text = f"The average over the {n:,} images is minus the gradient that cmlp computes in one go:"
        knobs = self._telling_knobs(output)
        margin = max(map(len, knobs)) + 2
        averages = [
            f"{name:{margin}}{_of_knob(step.average, knob):+10.6f}{-_of_knob(self.gradient, knob):+17.6f}"
            for name, knob in knobs.items()
        ]
        difference = float(np.abs(step.average.flat + self.gradient.flat).max())
        return [
            *wrapped(f"{head} {knobs_are}:", self.width),
            *self._share_lines(knobs),
            "",
            *wrapped(text, self.width),
            f"{'':{margin}}{'average':>10}   minus gradient",
            *averages,
            f"all {len(self.gradient.flat):,} weights and biases: largest difference {difference:.0e}",
        ]

    def _telling_knobs(self, output: Unit) -> dict[str, ParameterIndex]:
        """Return the bias of an output, its weight with the largest wish, and the bias with the largest other wish."""
        layer = self.step.layers[output.layer]
        sum_wishes = np.abs(layer.bias_changes[0])
        strongest = int(np.abs(layer.inputs[0]).argmax())
        others = np.where(np.arange(len(sum_wishes)) == output.neuron, -1, sum_wishes)
        ends = (None, output.neuron), (strongest, output.neuron), (None, int(others.argmax()))
        knobs = [ParameterIndex(output.layer, *each) for each in ends]
        return {self.names.of_knob(knob): knob for knob in knobs}

    def _share_lines(self, knobs: Mapping[str, ParameterIndex]) -> list[str]:
        """Write a table of what each example (its image, its label) wants from some knobs, as many as fit."""
        margin = max(map(len, [*knobs, "image"]))
        shown = min(len(self.images), max((self.width - margin) // _COLUMN, 1))
        labels = [self.names.labels[digit][: _COLUMN - 1] for digit in self.y]
        rows = [("image", [f"[{self.images[0]}]", *map(str, self.images[1:])]), ("label", labels)]
        layer = self.step.layers[-1]
        for name, knob in knobs.items():
            inputs = 1 if knob.source is None else layer.inputs[:, knob.source]
            rows.append((name, [_short(wish) for wish in inputs * layer.bias_changes[:, knob.target]]))
        lines = [f"{name:{margin}}{''.join(f'{cell:>{_COLUMN}}' for cell in cells[:shown])}" for name, cells in rows]
        left_out = len(self.images) - shown
        return [*lines, f"and {count_noun(left_out, 'more image')}"] if left_out else lines


def _of_knob(gradient: Gradient, knob: ParameterIndex) -> float:
    """Return the element of a gradient for one weight or bias."""
    if knob.source is None:
        return float(gradient.biases[knob.layer][knob.target])
    return float(gradient.weights[knob.layer][knob.source, knob.target])


def _signed(value: float) -> str:
    """Return a number with its sign and four decimals, or as a power of ten if these would show too little of it."""
    return f"{value:+.4f}" if abs(value) >= _FEW_DIGITS or value == 0 else f"{value:+.1e}"


def _short(value: float) -> str:
    return "." if abs(value) < _VISIBLE else f"{value:+.2f}" if abs(value) < 99 else f"{value:+.0f}"


def _largest_shares(names: Sequence[str], shares: NDArray[Any], width: int) -> str:
    """Return the largest shares with their names, as many as fit, and dots if some are left out."""
    text, dots = "", "  ..."
    for n, i in enumerate(np.argsort(-np.abs(shares), kind="stable").tolist()):
        longer = f"{text}{'  ' if text else ''}{names[i]} {_signed(shares[i])}"
        if len(longer) + (len(dots) if n + 1 < len(shares) else 0) > width:
            return text + dots
        text = longer
    return text
