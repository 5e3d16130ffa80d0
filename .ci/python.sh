# The Python package in the source tree: tests, style, types.

# Runs both commands exactly as the README shows them, one after the other in the unpacked sdist, each in an environment
# that is empty before. The second one is the whole suite without optional packages.
readme_commands() {
    local number command
    needs sdist
    mkdir "$WORK/readme"
    unpack_sdist "$WORK/readme/cmlp" # the name of a clone, which tests must not take for the package
    cd "$WORK/readme/cmlp"
    for number in 1 2; do
        command=$(readme_command $number)
        echo "$command"
        python3 -m venv --clear "$WORK/empty"
        PYTEST_ADDOPTS+=" $(junit_options suite)" PATH=$WORK/empty/bin:$PATH bash -c "$command"
    done
}

# readme_command <1 or 2>: prints the command. After a release, the README's first one installs from the package index;
# here it installs the sources.
readme_command() { grep '^python -m pip install .* && ' README.md | sed -n "$1p" | sed 's/install cmlp &&/install . \&\&/'; }

# junit_options <stage>: prints the options of pytest with which the stage of other libraries finds what was skipped
junit_options() { echo "--junitxml=$LOGS/$1.xml -o junit_family=xunit1"; }

# sample_options: prints the options of pytest for tests that run a sample of their cases
sample_options() {
    local tree
    [ "$MODE" = quick ] || echo --sample=1
    if tree=$(git -C "$ROOT" rev-parse --short=12 'HEAD^{tree}' 2>/dev/null); then echo "--sample-seed=$tree"; fi
}

# Small packages without which tests skip.
readonly OPTIONAL=(pandas polars rich matplotlib pooch tqdm)

# The environment of most stages.
make_package() {
    python3 -m venv "$WORK/package"
    "$WORK/package/bin/python" -m pip install -q "$(wheel_for python3)[test]" "${OPTIONAL[@]}"
}

# The tests that the README's command leaves out because they take several seconds each; the longest in full mode only,
# with the short forms of the benchmarks. The stages of the C library run the C programs and their checks, and another
# stage the pages. A file stays in one process, because its tests share what they compile.
slow_tests() {
    local which='slow and not full' options
    needs package
    [ "$MODE" = quick ] || which=slow
    read -ra options <<<"$(junit_options slow)"
    "$WORK/package/bin/python" -m pytest -n "$JOBS" --dist loadfile -m "$which" --ignore tests/page \
        -k 'not test_c_program_passes and not broken_kernels' "${options[@]}"
}

# Exported C headers with each compiler and emulator. In full mode all of them must be installed.
exported_headers() {
    local targets=installed
    needs package
    [ "$MODE" = quick ] || targets=all
    CMLP_TARGETS=$targets "$WORK/package/bin/python" -m pytest -m slow tests/export/test_c_{targets,avr,stack}.py
}

# Libraries of exported headers: packed by PlatformIO, if pip can install it, and their examples compiled as the tools
# do.
exported_projects() {
    needs package
    python3 -m venv "$WORK/platformio"
    "$WORK/platformio/bin/python" -m pip install -q 'platformio==6.*' meson ninja ||
        echo 'skipped: pip cannot install platformio, meson and ninja'
    CMLP_TARGETS=$1 PATH=$WORK/platformio/bin:$PATH PLATFORMIO_CORE_DIR=$WORK/platformio/core \
        "$WORK/package/bin/python" -m pytest -m '' tests/export/test_c_project.py tests/embedding/test_meson.py
}

readonly LIBRARIES=(onnx onnxruntime onnxscript skl2onnx pyarrow 'torch==2.13.*' safetensors skops river dask distributed
    dask-ml cython setuptools numba pybind11 mpi4py mpich pyinstaller yellowbrick shap mlflow-skinny 'bentoml==1.4.*' duckdb
    optuna)
readonly LIBRARY_STORE=${CMLP_LIBRARIES:-${XDG_CACHE_HOME:-$HOME/.cache}/cmlp-libraries}

# library_environment: prints the folder of the environment with all libraries. Runs share it as long as the lists of
# packages, Python and the week are the same: a new week brings new versions.
library_environment() {
    local folder
    folder=$LIBRARY_STORE/$({
        printf '%s\n' "${OPTIONAL[@]}" "${LIBRARIES[@]}"
        cat .github/requirements/docs.txt pyproject.toml
        python3 -VV
        date +%G-%V
    } | sha256sum | head -c 16)
    if [ ! -e "$folder/complete" ]; then
        rm -rf "${LIBRARY_STORE:?}"/*/
        python3 -m venv "$folder"
        "$folder/bin/python" -m pip install -q -c .github/requirements/docs.txt "$(wheel_for python3)[test,docs]" "${OPTIONAL[@]}" >&2
        "$folder/bin/python" -m pip install -q "${LIBRARIES[@]}" --only-binary=grpcio >&2
        touch "$folder/complete"
    fi
    echo "$folder"
}

# Runs what the suite and the slow tests have skipped, with other libraries and in the source tree. No package may be
# missing here. If this stage runs alone, these are all tests of the files that ask for a package. torch has the version
# of the CPU build for CPython 3.11.
other_libraries() {
    local log=$WORK/other-libraries tests=$WORK/skipped python pages
    mkdir -p "$LIBRARY_STORE"
    exec 6>"$LIBRARY_STORE/lock" # other runs wait, because the wheel is installed beside the packages
    flock 6
    python=$(library_environment)/bin/python
    "$python" -m pip install -q --no-deps --force-reinstall "$(wheel_for python3)"
    if ended suite && ended slow; then
        python3 .ci/skipped.py "$LOGS"/{suite,slow}.xml >"$tests"
    else
        grep -rlE 'importorskip|package\("' tests --include='test_*.py' | grep -v ^tests/page/ >"$tests"
    fi
    "$python" -m pytest -m '' "@$tests" | tee "$log"
    ! grep -E '^SKIPPED.*(could not import|needs the package)' "$log"
    # A page leaves out the blocks that need a package, and does not skip.
    pages=$(grep -rE '<!-- needs: ' docs | grep -vE 'needs: (pandas|polars)' | sed -nE 's|^docs/(.*)\.md:.*|\1|p' | sort -u)
    "$python" -m pytest -m slow tests/docs/test_pages.py -k "python_blocks and (${pages//$'\n'/ or })"
}

# The map of tests, if many files of the package differ from it. Its lines are those of a commit, so that it is recorded
# in a clone; the new map is put into the work tree, to be committed.
renewed_map() {
    local map=$WORK/map python=$WORK/mapped/bin/python
    git clone -q "$ROOT" "$map" || { echo 'skipped: this tree is no repository' && return; }
    "$(newest_python)" -c 'import sys; sys.monitoring' || { echo 'skipped: needs Python 3.12' && return; }
    cd "$map"
    "$(newest_python)" -m venv "$WORK/mapped"
    "$python" -m pip install -q 'setuptools>=77' 'Cython>=3.1' 'numpy>=2.0'
    "$python" -m pip install -q --no-build-isolation -e '.[test]'
    "$python" tools/tests_for.py --renew
    cmp -s tests/tests_for.json.gz "$ROOT/tests/tests_for.json.gz" && return
    cp tests/tests_for.json.gz "$ROOT/tests/"
    echo 'tests/tests_for.json.gz is renewed: commit it'
}

# The tests of the film and of its side doors, which take a quarter of the time of all pages.
readonly OF_FILM=(tests/page/test_{film,doors}.py)

pages() { in_browser tests/page "${OF_FILM[@]/#/--ignore=}"; }

film() { in_browser "${OF_FILM[@]}"; }

make_browser() {
    checks_environment
    "$WORK/checks/bin/python" -m pip install -q playwright
    npm install --silent --no-save --prefix "$WORK/axe" axe-core
}

# in_browser <arguments of pytest>...: tests of web pages in a headless Chromium, with axe-core, and in Firefox where it is
# installed; all sizes in all languages in full mode only. No other may skip here. A file stays in one process, because
# its tests share loaded pages.
in_browser() {
    local log=$WORK/browser-$BASHPID without=() which='slow and not full'
    [ "$MODE" = quick ] || which=slow
    have chromium npm || { [ "$INSTALL" = no ] && return; }
    needs browser
    command -v firefox >/dev/null || command -v firefox-esr >/dev/null || without=(-k 'not firefox')
    AXE_CORE=$WORK/axe "$WORK/checks/bin/python" -m pytest -n "$JOBS" --dist loadfile -m "$which" "$@" "${without[@]}" | tee "$log"
    ! grep -q ^SKIPPED "$log"
}

# The style of the scripts and styles of pages.
style_of_pages() {
    have npm || return 0
    npx --yes prettier@3 --use-tabs --print-width 120 --check src/cmlp/{_export/page/assets,story/page}'/**/*.'{js,css}
}

# checks_environment [folder]: makes an environment that sees the packages of the tests and changes none of them. Stages
# run side by side, so each has its own.
checks_environment() {
    local packages='import sysconfig; print(sysconfig.get_path("purelib"))' folder=$WORK/${1:-checks}
    needs package
    python3 -m venv "$folder"
    "$WORK/package/bin/python" -c "$packages" >"$("$folder/bin/python" -c "$packages")/package.pth"
}

lint() {
    python3 -m venv "$WORK/lint"
    "$WORK/lint/bin/python" -m pip install -q 'ruff==0.17.*'
    "$WORK/lint/bin/ruff" check
    "$WORK/lint/bin/ruff" format --check
}

types() {
    local python=$WORK/types/bin/python
    checks_environment types
    "$python" -m pip install -q 'mypy==2.4.*'
    "$python" -m mypy
    cd "$WORK" # the installed package, not the sources
    "$python" -m mypy.stubtest cmlp._bridge._core --allowlist "$TREE/.ci/stubtest-allowlist"
    cp "$TREE/tests/consumers/typed/typed.py" .
    "$python" -m mypy --strict typed.py
}

# A second type checker reads the type hints as a user's program sees them.
pyright() {
    checks_environment pyright
    "$WORK/pyright/bin/python" -m pip install -q 'pyright==1.1.*'
    cd "$WORK/pyright"
    cp "$TREE/tests/consumers/typed/typed.py" .
    bin/pyright --pythonpath bin/python typed.py
}

# Files and streams from grammars, a minute for each format, with ONNX Runtime as the judge of ONNX files.
readers_fuzzed() {
    checks_environment readers
    "$WORK/readers/bin/python" -m pip install -q onnx onnxruntime pyarrow
    "$WORK/readers/bin/python" tests/fuzz/fuzz_readers.py --seconds 60 --keep "$WORK/fuzzed"
}

# Builds the documentation in an environment that has the wheel, what the extra docs names, and nothing else; a warning
# fails.
documentation() {
    python3 -m venv "$WORK/docs-only"
    "$WORK/docs-only/bin/python" -m pip install -q -c .github/requirements/docs.txt "$(wheel_for python3)[docs]"
    "$WORK/docs-only/bin/python" -m sphinx -E -W --keep-going -q -b html docs "$WORK/docs"
    du -sh "$WORK/docs"
}

# The tests of this script are here, because the sdist does not have it.
workflows() {
    needs package
    python3 tools/check_workflows.py
    "$WORK/package/bin/python" -m pytest tests/package/test_ci.py
}

# The numeric tests with each instruction set except the best one, which the test suite uses by default. In quick
# mode a fourth of their cases: check_kernels compares each kernel of every set with the generic one, bit by bit.
other_instruction_sets() {
    local python=$WORK/package/bin/python isa best sample=(--sample 4)
    needs package
    [ "$MODE" = quick ] || sample=()
    best=$("$python" -c 'import cmlp; print(cmlp.cpu_info()["used"])')
    for isa in generic avx2 neon; do
        if [ "$isa" = "$best" ]; then
            echo "not repeated: the test suite has used $isa"
        elif CMLP_ISA=$isa "$python" -c 'import cmlp' 2>/dev/null; then
            CMLP_ISA=$isa "$python" -c 'import cmlp, os; assert cmlp.cpu_info()["used"] == os.environ["CMLP_ISA"]'
            CMLP_ISA=$isa "$python" -m pytest -q "${sample[@]}" tests/core/test_bits.py tests/core/test_gradients.py \
                tests/network/test_network.py tests/core/test_functions.py tests/core/test_optimizer.py \
                -k 'not gives_the_golden_digests'
        else
            echo "skipped: this processor does not have $isa"
        fi
    done
}

# Runs each test in several threads at once, which shows unprotected shared state, best on an interpreter without the
# GIL. test_step_by_hand is left out because it changes the network of its fixture, which the threads share.
in_parallel() {
    checks_environment parallel
    "$WORK/parallel/bin/python" -m pip install -q 'pytest-run-parallel==0.10.*'
    "$WORK/parallel/bin/python" -m pytest --parallel-threads=4 tests/core/test_bits.py tests/core/test_gradients.py \
        tests/network/test_network.py tests/core/test_functions.py tests/core/test_optimizer.py tests/inputs/test_sparse.py \
        --deselect tests/network/test_network.py::test_step_by_hand
}
