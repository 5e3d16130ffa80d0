"""What the story is about: the data, and the network before, during and after its training.

Everything is computed when a screen needs it, and kept.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp import Network
from cmlp._cli.experiment import Experiment, Measurement, Options, measured
from cmlp._model.results import StepExplanation
from cmlp.story.chapters.edges import explained
from cmlp.story.pictures.names import Names, Unit
from cmlp.story.pictures.neuron import nearest_to_zero

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZES = (784, 16, 16, 10)
N_PASSES = 30
RATE = 1.5
BATCH = 10
LABELS = tuple("0123456789")
NAMES = Names(SIZES, LABELS)


class Tale:
    """The data and the networks of the story, with a seed of the random numbers.

    `nine` and `seven` are the first test images of these digits, `used` the pixels that are not black in at least one
    training image, and `run` what the numbers depend on. The other texts are parts of suggested commands and lines.
    """

    def __init__(self, seed: int = 0) -> None:
        self.seed, self.other_seed, self.run = seed, (seed + 1) % 2**32, f"float32, seed {seed}"
        self.seed_argument = f", seed={seed}" if seed else ""
        self.experiment = self.start()
        self.X, self.y, self.X_test, self.y_test = self.experiment.data
        self.nine, self.seven = (int(np.flatnonzero(self.y_test == digit)[0]) for digit in (9, 7))
        self.nine_rows, self.seven_rows = (f"{image}:{image + 1}" for image in (self.nine, self.seven))
        self.used: NDArray[np.bool_] = np.max(self.X, axis=0) > 0
        self._snapshots = [self.experiment.network.params.copy()]
        for name in ("state", "gradient_norm", "edge_shares", "five_passes"):
            setattr(self, name, lru_cache(maxsize=None)(getattr(self, name)))

    def start(self, **changes: Any) -> Experiment:
        """Return the experiment of the story before training, or one with other options."""
        # One thread: the networks are small, and waiting for other threads would take long on a loaded machine.
        return Experiment(Options(seed=self.seed, threads=1, **changes))

    def params(self, passes: int) -> NDArray[Any]:
        """Return the parameters after a number of passes over the training images; trains as far as needed."""
        while len(self._snapshots) <= passes:
            self.experiment.train_epoch()
            self._snapshots.append(self.experiment.network.params.copy())
        return self._snapshots[passes]

    def network(self, passes: int, dtype: str = "float32") -> Network:
        """Return the network after a number of passes; it is the caller's, to change as they like."""
        kind: dict[str, Any] = {"loss": "squared_error", "input_scale": 1 / 255, "n_threads": 1, "dtype": dtype}
        network = Network(SIZES, "logistic", output="logistic", random_state=0, **kind)
        network.params = self.params(passes)
        return network

    def five_passes(
        self, rate: float, hidden: tuple[int, ...] = SIZES[1:-1], activation: str = "logistic"
    ) -> tuple[list[float], float]:
        """Train a new network; return the cost after each of five passes, and the test accuracy after them."""
        other = self.start(rate=rate, hidden=hidden, activation=activation, epochs=5)
        costs = []
        for _ in range(5):
            other.train_epoch()
            costs.append(other.network.cost(self.X, self.y))
        return costs, other.accuracy()

    def state(self, passes: int) -> Measurement:
        """Return costs and accuracies of the network after a number of passes."""
        return measured(self.network(passes), self.experiment.data)

    def gradient_norm(self, passes: int) -> float:
        """Return the length of the gradient of the training set."""
        return self.network(passes).gradient(self.X, self.y).norm

    def edge_shares(self, passes: int) -> NDArray[np.float64]:
        """Return how much of each neuron's weights in layer A its best edge or bar explains."""
        return explained(self.network(passes).weights[0], self.used)

    # ------------------------------------------------------------------------------------------ images of the story

    @cached_property
    def test_outputs(self) -> NDArray[Any]:
        """Outputs of the trained network for the test images."""
        outputs: NDArray[Any] = self.network(N_PASSES).forward(self.X_test)
        return outputs

    @cached_property
    def rival(self) -> int:
        """The test image with a right answer and the brightest second output."""
        second = np.sort(self.test_outputs, axis=1)[:, -2]
        return int(np.where(self.test_outputs.argmax(axis=1) == self.y_test, second, -1).argmax())

    @cached_property
    def threes(self) -> list[int]:
        """Three training images of 3, rightly answered, whose first hidden layers differ most."""
        threes = np.flatnonzero(self.y == 3)
        _, hidden, _, outputs = self.network(N_PASSES).activations(self.X[threes])
        strength = np.where(outputs.argmax(axis=1) == 3, outputs[:, 3], outputs[:, 3] - 1)
        good = np.flatnonzero(strength > min(0.97, np.sort(strength)[-50]))
        on = hidden[good] > 0.5
        differing = (on[:, None] != on[None]).sum(axis=-1)
        first, second = np.unravel_index(differing.argmax(), differing.shape)
        third = np.minimum(differing[first], differing[second]).argmax()
        return [int(threes[good[i]]) for i in (first, second, third)]

    @cached_property
    def lesson(self) -> int:
        """The first 9 of the training images that the network after one pass gets wrong; otherwise the first 9."""
        nines = np.flatnonzero(self.y == 9)
        wrong = nines[self.network(1).forward(self.X[nines]).argmax(axis=1) != 9]
        return int(wrong[0] if len(wrong) else nines[0])

    @cached_property
    def step(self) -> StepExplanation:
        """Backpropagation for the lesson, in the network after one pass."""
        row = slice(self.lesson, self.lesson + 1)
        return self.network(1, "float64").explain_step(self.X[row], self.y[row])

    @cached_property
    def unit(self) -> Unit:
        """The neuron of layer A whose weighted sum for our 9 is nearest to 0: it is not at the ends of the sigmoid."""
        return nearest_to_zero(self.network(N_PASSES, "float64"), self.X_test[self.nine])

    @property
    def neuron(self) -> str:
        """The name of this neuron."""
        return NAMES.of(self.unit)

    @cached_property
    def loud(self) -> str:
        """The neuron of layer B with the largest wish in the lesson."""
        return NAMES.of(Unit(1, int(np.abs(self.step.layers[1].output_changes[0]).argmax())))

    @cached_property
    def most_edge(self) -> str:
        """The neuron of layer A whose weights an edge or a bar explains best."""
        return NAMES.of(Unit(0, int(self.edge_shares(N_PASSES).argmax())))

    @cached_property
    def half_trained_cost(self) -> float:
        """Cost of the training set after one pass, in double precision."""
        return self.network(1, "float64").cost(self.X, self.y)

    @cached_property
    def half_trained_gradient(self) -> NDArray[Any]:
        """Gradient of this cost."""
        return self.network(1, "float64").gradient(self.X, self.y).flat


def sigmoid(z: Any) -> Any:
    """Return 1 / (1 + exp(-z))."""
    return 1 / (1 + np.exp(-np.asarray(z, float)))
