"""The story: commands that show how the network works and learns, their screens and pictures.

`story_network` returns the network that all of them show.
"""

from cmlp._cli.experiment import story_network

__all__ = ["story_network"]
