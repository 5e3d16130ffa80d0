"""Where the C header is."""

from pathlib import Path


def get_include() -> str:
    """Return the folder that holds ``cmlp.h``, for a C compiler's include path."""
    here = Path(__file__).parent
    installed = here / "include"
    return str(installed if installed.is_dir() else here.parents[1] / "include")
