# The stages that can fail because of a change, and those that no change concerns.

# where_main_was_left: prints the commit where this branch left main, or HEAD if it has not or there is no main
where_main_was_left() {
    local branch
    for branch in origin/main main; do
        if git -C "$ROOT" merge-base "$branch" HEAD 2>/dev/null; then return 0; fi
    done
    echo HEAD
}

# changed_files <commit>: prints the files that differ from it, and the new ones
changed_files() {
    git -C "$ROOT" diff --name-only "$1"
    git -C "$ROOT" ls-files --others --exclude-standard
}

# stages_of_file <path>: prints the stages and groups that the file can break
stages_of_file() {
    case $1 in
        .github/* | .ci/README.md | docs/platforms.md | CITATION.cff) echo workflows suite docs ;;
        docs/*.py | docs/*.ipynb) echo suite slow docs ruff ;;
        docs/* | *.md) echo suite slow docs ;;
        src/cmlp/_export/page/* | src/cmlp/story/*) echo tests browser packages film ;;
        src/cmlp/_export/*) echo tests browser packages headers projects languages ;;
        src/cmlp/core/* | include/* | cmake/* | CMakeLists.txt | meson.build)
            echo tests packages core proofs embedded pages mypy ;;
        setup.py | pyproject.toml | MANIFEST.in) echo tests packages rebuilt browser headers languages ;;
        src/*) echo tests packages browser headers languages ;;
        tests/page/*) echo pages film ruff ;;
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
    changed_files "$(where_main_was_left)" | while read -r file; do echo sdist "$(stages_of_file "$file")"; done | tr ' ' '\n' | sort -u
}

# Files of the film, of its pages and of their tests; files of the build.
readonly FILM='^(src/cmlp/(story|_export/page)/|tests/page/(conftest|test_film|test_doors)\.py|\.ci/(run|python\.sh)$'\
'|tests/support/(browser|c_build|doors_in_numpy|firefox|page_models|page_parts)\.py)'
readonly BUILD='^(setup\.py|pyproject\.toml|MANIFEST\.in|tools/(compile_changed|make_single_file)\.py|\.ci/(run|wheels\.sh))$'

# commit_that_has_passed: prints the commit whose checks have passed: with the tag ci-passed, which whoever has seen a run
# pass can set, or where this branch left main. Fails if there is none before HEAD.
commit_that_has_passed() {
    local base
    if git -C "$ROOT" merge-base --is-ancestor ci-passed HEAD 2>/dev/null; then
        git -C "$ROOT" rev-parse "ci-passed^{commit}"
        return 0
    fi
    base=$(where_main_was_left)
    ! git -C "$ROOT" diff --quiet "$base" HEAD 2>/dev/null && git -C "$ROOT" rev-parse --verify -q "$base" 2>/dev/null
}

# Prints the stages that this run does not need, because nothing that concerns them differs from a commit that has passed.
# Without such a commit all run.
stages_left_out() {
    local base files
    base=$(commit_that_has_passed) || return 0
    files=$(changed_files "$base")
    grep -qE "$FILM" <<<"$files" || echo film
    grep -qE "$BUILD" <<<"$files" || echo rebuilt
}
