"""Write the package for npm as a release publishes it.

Usage: ``python tools/make_npm.py FOLDER``, in the source tree, with Clang and lld. The folder must not exist. It
becomes a copy of packaging/wasm with the WebAssembly module, the licence, the version, and the scope and address of
owner.toml. While there is no scope, the package stays private: npm does not publish it.
"""

import json
import shutil
from pathlib import Path

import owner
from check_release import header_version
from make_single_file import target_of
from make_wasm import make_wasm

ROOT = Path(__file__).resolve().parents[1]
FILES = ["cmlp.mjs", "cmlp.d.mts", "README.md"]


def manifest(package: dict, version: str, values: dict) -> dict:
    """Return package.json of a release: with its version, and what owner.toml knows."""
    package = {**package, "version": version}
    if values["npm_scope"]:
        package["name"] = f"@{values['npm_scope']}/{package['name']}"
        del package["private"]
    if values["repository"]:
        package["repository"] = {"type": "git", "url": f"git+{values['repository']}.git"}
    if values["documentation"]:
        package["homepage"] = f"{values['documentation']}/languages.html"
    return package


def make_npm(folder: Path) -> None:
    """Copy the package; the module, the licence, the version and the owner's values are added."""
    source = ROOT / "packaging/wasm"
    folder.mkdir()
    for name in FILES:
        shutil.copy(source / name, folder)
    shutil.copy(ROOT / "LICENSE", folder)
    make_wasm(folder / "cmlp.wasm")
    package = json.loads((source / "package.json").read_text(encoding="utf-8"))
    version = header_version((ROOT / "include/cmlp.h").read_text(encoding="utf-8"))
    text = json.dumps(manifest(package, version, owner.read()), indent="\t", ensure_ascii=False)
    (folder / "package.json").write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    make_npm(target_of(__doc__))
