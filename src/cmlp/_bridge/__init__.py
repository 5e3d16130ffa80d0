"""The one door between Python and C, and where the C header, the C library's source and its CMake package are."""

import os

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# The source tree, if the installation is editable.
_TREE = os.path.dirname(os.path.dirname(_PACKAGE))


def get_include() -> str:
    """Return the folder that contains ``cmlp.h``, for a C compiler's include path."""
    installed = os.path.join(_PACKAGE, "include")
    return installed if os.path.isdir(installed) else os.path.join(_TREE, "include")


def get_source() -> str:
    """Return the path of ``cmlp.c``, the whole C library in one file.

    An extension that compiles it needs nothing else at run time. The file includes ``cmlp.h`` from
    its own folder, which is `get_include()`.

    Examples
    --------
    >>> import os, cmlp
    >>> os.path.basename(cmlp.get_source())
    'cmlp.c'

    """
    return os.path.join(get_include(), "cmlp.c")


def get_cmake_dir() -> str:
    """Return the folder that contains ``cmlpConfig.cmake``, for ``CMAKE_PREFIX_PATH`` or ``cmlp_DIR``.

    CMake's ``find_package(cmlp)`` then defines the target ``cmlp::cmlp``, which compiles
    `get_source()`.

    Examples
    --------
    >>> import os, cmlp
    >>> "cmlpConfig.cmake" in os.listdir(cmlp.get_cmake_dir())
    True

    """
    installed = os.path.join(_PACKAGE, "cmake")
    return installed if os.path.isdir(installed) else os.path.join(_TREE, "cmake", "package")
