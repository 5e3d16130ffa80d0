"""Downloads of public data sets by the package pooch.

There are two mirrors, SHA-256, and a folder of the user's cache.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple


class Mirrors(NamedTuple):
    """The files of a data set and where they are published.

    Attributes
    ----------
    title : str
        The name of the data set, for messages.
    folder : str
        The name of its folder, in the cache and in ``CMLP_DATA``.
    mirrors : tuple of str
        Addresses of folders with the files, each ending with a slash.
    files : dict of str to str
        SHA-256 of each file.
    """

    title: str
    folder: str
    mirrors: tuple[str, ...]
    files: dict[str, str]


# The checksums are those of the files as first published.
MNIST = Mirrors(
    "MNIST",
    "mnist",
    (
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
    ),
    {
        "train-images-idx3-ubyte.gz": (
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
        ),
        "train-labels-idx1-ubyte.gz": (
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
        ),
        "t10k-images-idx3-ubyte.gz": (
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
        ),
        "t10k-labels-idx1-ubyte.gz": (
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
        ),
    },
)
FASHION_MNIST = Mirrors(
    "Fashion-MNIST",
    "fashion-mnist",
    (
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    ),
    {
        "train-images-idx3-ubyte.gz": (
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"
        ),
        "train-labels-idx1-ubyte.gz": (
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"
        ),
        "t10k-images-idx3-ubyte.gz": (
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"
        ),
        "t10k-labels-idx1-ubyte.gz": (
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"
        ),
    },
)
TIMEOUT = 30.0  # seconds without a byte


def download(source: Mirrors) -> Path:
    """Return a folder of the cache with the files of a data set.

    Those that are missing or changed are downloaded.
    """
    try:
        import pooch
    except ImportError:
        raise _not_found(
            source, 'downloading needs the package pooch (python -m pip install "cmlp[datasets]")'
        ) from None
    folder = Path(pooch.os_cache("cmlp")) / source.folder
    for name, checksum in source.files.items():
        _retrieve(pooch, source, folder, name, checksum)
    return folder


def _retrieve(pooch: Any, source: Mirrors, folder: Path, name: str, checksum: str) -> None:
    """Download a file from the first mirror that has it.

    Nothing is done if the folder has it with the right checksum.
    """
    failures = []
    for mirror in source.mirrors:
        downloader = pooch.HTTPDownloader(
            progressbar=find_spec("tqdm") is not None, timeout=TIMEOUT
        )
        try:
            pooch.retrieve(mirror + name, f"sha256:{checksum}", name, folder, downloader=downloader)
            return
        except (OSError, ValueError) as error:  # no connection, or another checksum
            failures.append(f"{mirror}{name}: {error}")
    raise _not_found(source, "the download failed: " + "; ".join(failures))


def _not_found(source: Mirrors, reason: str) -> FileNotFoundError:
    return FileNotFoundError(
        f"{source.title} was not found: the environment variable CMLP_DATA is not set, and "
        f"{reason}. Without a download, put the files {', '.join(source.files)} from "
        f"{source.mirrors[0]} into a folder named {source.folder!r}, and set CMLP_DATA to the "
        "parent folder."
    )
