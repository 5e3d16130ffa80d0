#!/usr/bin/env bash
# site.sh FOLDER [URL]: builds the published documentation: this tree at the root of FOLDER, each tag v* in a folder of
# its name and in an archive, and versions.json with the list of them. Every version is built in an environment of its
# own with the extra docs only, in the versions that its tree pins. A tag whose archive is published at the URL is not
# built again. A tag that no longer builds is named and left out, unless it is the one that is being released.
set -euo pipefail

out=$(realpath -m "$1") url=${2:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"

build() { # <source tree> <folder>
    rm -rf "$work/venv"
    python3 -m venv "$work/venv" &&
        "$work/venv/bin/python" -m pip install -q -c "$1/.github/requirements/docs.txt" "$1[docs]" &&
        (cd "$1" && "$work/venv/bin/python" -m sphinx -q -E -W --keep-going -b html docs "$2") &&
        rm -rf "$2/.doctrees" "$2/.buildinfo"
}

# version <tag>: makes its archive, or takes the published one
version() {
    if [ -n "$url" ] && curl -fsSL -o "$out/$1.tar.gz" "$url/$1.tar.gz"; then return 0; fi
    mkdir "$work/$1"
    git archive "$1" | tar -x -C "$work/$1"
    rm -rf "$work/built"
    build "$work/$1" "$work/built" && tar -C "$work/built" -czf "$out/$1.tar.gz" .
}

tags=()
for tag in $(git tag -l 'v*' --sort=-v:refname); do
    if version "$tag"; then
        mkdir "$out/$tag"
        tar -C "$out/$tag" -xzf "$out/$tag.tar.gz"
        tags+=("\"$tag\"")
    elif [ "$tag" = "${GITHUB_REF_NAME:-}" ]; then
        exit 1
    else
        echo "::warning::the documentation of $tag does not build any more, and is not published"
    fi
done
build . "$out"
(IFS=, && echo "[${tags[*]}]") >"$out/versions.json"
touch "$out/.nojekyll"
