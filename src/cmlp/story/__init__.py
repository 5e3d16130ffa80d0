"""What a shell is good for.

Its commands show a network of images learning, one image in it, and one step of it.
"""

from cmlp._cli.experiment import story_network

__all__ = ["story_network"]
