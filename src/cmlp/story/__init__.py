"""What a shell is good for: commands that show a network of images learning, one image in it, and one step of it."""

from __future__ import annotations

from cmlp import Network
from cmlp._cli.experiment import Experiment, Options

__all__ = ["story_network"]


def story_network(passes: int | None = None, seed: int = 0) -> Network:
    """Return the network of the story: 784-16-16-10, trained on the bundled digits.

    Parameters
    ----------
    passes : int or None
        Number of passes over the 5,000 training images, from 0 (untrained) on; None for all 30 of the story.
    seed : int
        Seed of the random numbers: of the first weights, then of the order of the images in each pass.

    Returns
    -------
    Network
        A new object. With seed 0 its parameters are those of the page that ``cmlp story`` opens. They are also those of
        ``MLPClassifier.from_preset("3b1b", random_state=seed)`` fitted to the same images.

    Examples
    --------
    >>> from cmlp.datasets import load_digits28
    >>> from cmlp.story import story_network
    >>> X, y, X_test, y_test = load_digits28()
    >>> network = story_network()
    >>> float((network.forward(X_test).argmax(axis=1) == y_test).mean())
    0.889
    """
    return Experiment(Options(seed=seed, epochs=passes, threads=1)).train()
