"""The screens of ``cmlp story``, in order; they follow 3Blue1Brown's series Neural networks, chapters 1 to 4."""

from typing import NamedTuple

from cmlp.story.chapters import backpropagation, chain, hill, layers, learning, one_neuron, outcome
from cmlp.story.page import Scene


class Chapter(NamedTuple):
    """Screens that follow one video."""

    video: str
    scenes: list[Scene]


CHAPTERS = [
    Chapter("video 1", layers.SCENES),
    Chapter("video 1", one_neuron.SCENES),
    Chapter("video 2", [*learning.SCENES[:-1], *hill.SCENES, *learning.SCENES[-1:]]),
    Chapter("videos 3 and 4", [*backpropagation.SCENES, *chain.SCENES]),
    Chapter("videos 2 and 4", outcome.SCENES),
]
SCREENS = [(chapter.video, scene) for chapter in CHAPTERS for scene in chapter.scenes]
