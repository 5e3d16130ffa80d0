"""The screens of ``cmlp story``, in order; they follow 3Blue1Brown's series Neural networks, chapters 1 to 4.

==================  =======================================================
module              its screens
==================  =======================================================
layers              1 to 6: pictures, neurons, layers
one_neuron          7 to 11: weights, bias, squashing, the whole function
learning            12 to 15: cost, gradient, learning rate
backpropagation     16 to 19: wishes, and how they add up to the gradient
outcome             20 to 24: batches, the whole training, what came of it
tale                the data and networks that the screens show
page                how a screen is written
rule, edges         a rule written by hand; a bank of edges and bars
==================  =======================================================
"""

from typing import NamedTuple

from cmlp.story.chapters import backpropagation, layers, learning, one_neuron, outcome
from cmlp.story.chapters.page import Scene


class Chapter(NamedTuple):
    """Screens that follow one video."""

    video: str
    scenes: list[Scene]


CHAPTERS = [
    Chapter("video 1", layers.SCENES),
    Chapter("video 1", one_neuron.SCENES),
    Chapter("video 2", learning.SCENES),
    Chapter("videos 3 and 4", backpropagation.SCENES),
    Chapter("videos 2 and 4", outcome.SCENES),
]
SCREENS = [(chapter.video, scene) for chapter in CHAPTERS for scene in chapter.scenes]
