"""The screens of ``cmlp story``, in order; they follow 3Blue1Brown's series Neural networks, chapters 1 to 4."""

from cmlp.story.chapters import backpropagation, chain, hill, layers, learning, one_neuron, outcome

_CHAPTERS = {
    "video 1": [*layers.SCENES, *one_neuron.SCENES],
    "video 2": [*learning.SCENES[:-1], *hill.SCENES, *learning.SCENES[-1:]],
    "videos 3 and 4": [*backpropagation.SCENES, *chain.SCENES],
    "videos 2 and 4": outcome.SCENES,
}
SCREENS = [(video, scene) for video, scenes in _CHAPTERS.items() for scene in scenes]
