"""The second module that early pickles name (see `cmlp._classifier`)."""

from cmlp._classifier import __getattr__

__all__ = ["__getattr__"]
