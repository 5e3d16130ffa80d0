#!/usr/bin/env bash
# site.sh FOLDER: builds the published documentation: this tree at the root of FOLDER, each tag v* in a folder of its name,
# and versions.json with the list of them. Every version is built in an environment of its own with the extra docs only.
set -euo pipefail

out=$(realpath -m "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"

build() { # <source tree> <folder>
    python3 -m venv "$work/venv"
    "$work/venv/bin/python" -m pip install -q "$1[docs]"
    (cd "$1" && "$work/venv/bin/python" -m sphinx -q -E -W --keep-going -b html docs "$2")
    rm -rf "$work/venv" "$2/.doctrees" "$2/.buildinfo"
}

tags=$(git tag -l 'v*' --sort=-v:refname)
for tag in $tags; do
    mkdir "$work/$tag"
    git archive "$tag" | tar -x -C "$work/$tag"
    build "$work/$tag" "$out/$tag"
done
build . "$out"
printf '%s\n' $tags | sed 's/.*/"&"/' | paste -sd, | sed 's/^""$//; s/.*/[&]/' >"$out/versions.json"
touch "$out/.nojekyll"
