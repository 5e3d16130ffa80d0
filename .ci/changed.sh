# The stages that can fail because of a change.

# changed_files: prints the files that differ from where this branch left main, or from the last commit, and the new
# ones
changed_files() {
    local base=HEAD branch
    for branch in origin/main main; do
        if base=$(git -C "$ROOT" merge-base "$branch" HEAD 2>/dev/null); then break; else base=HEAD; fi
    done
    git -C "$ROOT" diff --name-only "$base"
    git -C "$ROOT" ls-files --others --exclude-standard
}

# stages_of_file <path>: prints the stages and groups that the file can break
stages_of_file() {
    case $1 in
        .github/* | .ci/README.md | docs/platforms.md | packaging/conda/* | CITATION.cff) echo workflows suite docs ;;
        docs/*.py | docs/*.ipynb) echo suite slow docs ruff ;;
        docs/* | *.md) echo suite slow docs ;;
        src/cmlp/_export/page/* | src/cmlp/story/*) echo tests browser packages ;;
        src/cmlp/_export/*) echo tests browser packages headers projects languages ;;
        src/cmlp/core/* | include/* | cmake/* | CMakeLists.txt | meson.build)
            echo tests packages core proofs embedded pages mypy ;;
        src/* | setup.py | pyproject.toml | MANIFEST.in) echo tests packages browser headers languages ;;
        tests/page/*) echo pages ruff ;;
        tests/proofs/*) echo suite proofs ruff ;;
        tests/c/* | tests/consumers/*) echo suite slow core embedded packages mypy ;;
        tests/fuzz/*.py) echo suite slow ruff ;;
        tests/fuzz/*) echo suite fuzz ;;
        tests/*) echo tests packages embedded ruff ;;
        examples/*) echo tests examples languages ruff ;;
        packaging/*) echo suite slow languages ;;
        benchmarks/*) echo suite slow ruff ;;
        tools/*) echo tests packages embedded workflows ruff ;;
        *) echo tests packages core proofs embedded browser ;;
    esac
}

# Prints the stages and groups for all changed files, with the stage that finds files that the sdist lacks.
changed_stages() {
    local file
    changed_files | while read -r file; do echo sdist "$(stages_of_file "$file")"; done | tr ' ' '\n' | sort -u
}
