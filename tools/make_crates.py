"""Write the crates cmlp-sys and cmlp as a release publishes them.

Usage: ``python tools/make_crates.py FOLDER``, in the source tree. The folder must not exist. It becomes a copy of
packaging/rust with the C library as one file, its headers, its licence and its version.
"""

import re
import shutil
from pathlib import Path

from check_release import header_version
from make_single_file import HEADERS, single_file, target_of

ROOT = Path(__file__).resolve().parents[1]
CRATES = ["cmlp-sys", "cmlp"]


def make_crates(folder: Path) -> None:
    """Copy the crates; the version and the C sources are added."""
    include = ROOT / "include"
    version = header_version((include / "cmlp.h").read_text(encoding="utf-8"))
    shutil.copytree(
        ROOT / "packaging/rust", folder, ignore=shutil.ignore_patterns("target", "Cargo.lock")
    )
    for crate in CRATES:
        manifest = folder / crate / "Cargo.toml"
        text = manifest.read_text(encoding="utf-8")
        text = re.sub(r'version = "0\.0\.0" #.*', f'version = "{version}"', text)
        manifest.write_text(text.replace("0.0.0", f"={version}"), encoding="utf-8")
        shutil.copy(ROOT / "LICENSE", folder / crate)
    sources = folder / "cmlp-sys/c"
    sources.mkdir()
    (sources / "cmlp.c").write_text(single_file(ROOT), encoding="utf-8")
    for name in HEADERS:
        shutil.copy(include / name, sources)


if __name__ == "__main__":
    make_crates(target_of(__doc__))
