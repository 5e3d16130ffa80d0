"""The location of the C header."""

import os


def get_include() -> str:
    """Return the folder that contains ``cmlp.h``, for a C compiler's include path."""
    here = os.path.dirname(os.path.abspath(__file__))
    installed = os.path.join(here, "include")
    return installed if os.path.isdir(installed) else os.path.join(here, "..", "..", "include")
