"""Write the predictor of the C library as a WebAssembly module without imports.

Usage: ``python tools/make_wasm.py FILE``, in the source tree, with Clang and lld. ``CLANG`` names another Clang.
packaging/wasm/cmlp.mjs loads the module. Both are in the package of tools/make_npm.py.
"""

import os
import subprocess
import tempfile
from pathlib import Path

from make_single_file import single_file, target_of

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = ROOT / "packaging/wasm"
# The functions that a program needs to load a model file and to ask about rows.
EXPORTS = [
    "cmlp_version",
    "cmlp_status_name",
    "cmlp_status_string",
    "cmlp_model_describe",
    "cmlp_model_init",
    "cmlp_model_find_label",
    "cmlp_model_describe_column",
    "cmlp_model_find_category",
    "cmlp_model_answer",
    "cmlp_model_answer_size",
    "cmlp_model_say",
]
PARTS = ["BUILD_TRAINING=0", "BUILD_THREADS=0", "BUILD_ISA=1"]
# All engines have bulk memory operations since 2021. Clang ignores a pragma that repeats its default.
OPTIONS = ["--target=wasm32", "-nostdlib", "-Os", "-mbulk-memory", "-Wno-ignored-pragmas"]


def make_wasm(target: Path) -> None:
    """Compile the single file, and link it with what it needs of a C library."""
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder, "cmlp.c")
        library.write_text(single_file(ROOT), encoding="utf-8")
        command = [
            os.environ.get("CLANG", "clang"),
            *OPTIONS,
            f"-I{ENVIRONMENT / 'include'}",
            f"-I{ROOT / 'include'}",
            *(f"-DCMLP_{part}" for part in PARTS),
            library,
            ENVIRONMENT / "environment.c",
            "-Wl,--no-entry,--strip-all",
            *(f"-Wl,--export={name}" for name in EXPORTS),
            "-o",
            target,
        ]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    make_wasm(target_of(__doc__))
