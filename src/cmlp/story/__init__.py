"""What a shell shows of the network that reads digits: ``cmlp`` alone, and ``cmlp story``."""

from cmlp._cli.story_network import story_network

__all__ = ["story_network"]
