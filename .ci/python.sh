# The Python package in the source tree: tests, style, types.

# Runs the test command exactly as the README shows it, in the unpacked sdist: the whole suite, on the wheel that pip
# builds from it. The stage of the documentation runs the README's first command, so that nothing is compiled for it alone.
readme_tests() {
    needs sdist
    enter_sdist
    eval "$(readme_command 2)"
}

# The package without its tests, if one stage runs alone.
make_package() (
    needs sdist
    enter_sdist
    eval "$(readme_command 2 | sed 's/ && .*//')"
)

enter_sdist() {
    mkdir -p "$WORK/unpacked"
    tar -xzf "$DIST"/*.tar.gz -C "$WORK/unpacked" --strip-components=1
    cd "$WORK/unpacked"
    python3 -m venv "$WORK/readme"
    # shellcheck disable=SC1091
    . "$WORK/readme/bin/activate"
    python -m pip install -q pandas polars rich matplotlib pooch tqdm # for the tests with optional packages
}

# readme_command <1 or 2>: prints the command. After a release, the README's first one installs from the package index;
# here it installs the sources.
readme_command() { grep '^python -m pip install .* && ' README.md | sed -n "$1p" | sed 's/install cmlp &&/install . \&\&/'; }

# The tests that the README's command leaves out because they take several seconds each; the longest in full mode only, with
# the short forms of the benchmarks. The stages of the C library run the C programs and their checks. A file stays in one process, because its tests share what they compile.
slow_tests() {
    local which='slow and not full'
    needs package
    [ "$MODE" = quick ] || which=slow
    "$WORK/readme/bin/python" -m pytest -n "$JOBS" --dist loadfile -m "$which" -k 'not test_c_program_passes and not broken_kernels'
}

# Exported C headers with each compiler and emulator. In full mode all of them must be installed.
exported_headers() { # <installed or all>
    needs package
    CMLP_TARGETS=$1 "$WORK/readme/bin/python" -m pytest -m slow tests/export/test_c_{targets,avr,stack}.py
}

# Libraries of exported headers: packed by PlatformIO, if pip can install it, and their examples compiled as the tools do.
exported_projects() {
    needs package
    python3 -m venv "$WORK/platformio"
    "$WORK/platformio/bin/python" -m pip install -q 'platformio==6.*' meson ninja ||
        echo 'skipped: pip cannot install platformio, meson and ninja'
    CMLP_TARGETS=$1 PATH=$WORK/platformio/bin:$PATH PLATFORMIO_CORE_DIR=$WORK/platformio/core \
        "$WORK/readme/bin/python" -m pytest -m '' tests/export/test_c_project.py tests/embedding/test_meson.py
}

# The tests that need other libraries. None of them may skip here. scikit-learn's checks are among the slow tests. torch has
# the version of the CPU build for CPython 3.11.
other_libraries() {
    local log=$WORK/other-libraries
    needs package
    "$WORK/readme/bin/python" -m pip install -q onnx onnxruntime onnxscript skl2onnx pyarrow 'torch==2.13.*' pandas \
        skops river dask distributed dask-ml cython setuptools numba pybind11 mpi4py mpich \
        pyinstaller yellowbrick shap mlflow-skinny 'bentoml==1.4.*' --only-binary=grpcio
    "$WORK/readme/bin/python" -m pytest -m '' tests/export/test_{onnx,onnx_opsets,onnx_exporters,onnx_refused,from_onnx,torch,offsets}.py \
        tests/export/test_{scikit_learn,to_scikit_learn}.py tests/estimators/test_{skops,shap}.py tests/river tests/distributed \
        tests/command/test_{predict,info_export}.py tests/examples/test_python_extensions.py tests/package/test_{capi,pyinstaller}.py \
        tests/training/test_mpi.py tests/training/test_workers.py tests/sklearn tests/inputs tests/datasets/test_parquet.py \
        tests/tables/test_{columns,containers,no_rows,ordered}.py -k 'not scikit_learn_checks' |
        tee "$log"
    ! grep -q ^SKIPPED "$log"
    "$WORK/readme/bin/python" -m pytest -m '' tests/docs/test_pages.py -k "migration or streams or machines"
}

# The tests of web pages in a headless Chromium, with axe-core, and in Firefox where it is installed; all sizes in all
# languages in full mode only. No other may skip here. A file stays in one process, because its tests share loaded pages.
# prettier checks the style of the sources.
pages() {
    local log=$WORK/pages without=() which='slow and not full'
    [ "$MODE" = quick ] || which=slow
    have chromium npm || { [ "$INSTALL" = no ] && return; }
    checks_environment
    "$WORK/checks/bin/python" -m pip install -q playwright
    npm install --silent --no-save --prefix "$WORK/axe" axe-core
    command -v firefox >/dev/null || command -v firefox-esr >/dev/null || without=(-k 'not firefox')
    AXE_CORE=$WORK/axe "$WORK/checks/bin/python" -m pytest -n "$JOBS" --dist loadfile -m "$which" tests/page "${without[@]}" | tee "$log"
    ! grep -q ^SKIPPED "$log"
    npx --yes prettier@3 --use-tabs --print-width 120 --check 'src/cmlp/_export/page/assets/**/*.'{js,css}
}

# The checks below run beside the tests: their environment sees the README's packages and changes none of them.
checks_environment() {
    local packages='import sysconfig; print(sysconfig.get_path("purelib"))' seen
    [ -e "$WORK/checks" ] || python3 -m venv "$WORK/checks"
    seen=$("$WORK/checks/bin/python" -c "$packages")/readme.pth
    [ ! -e "$seen" ] || return 0
    needs package
    "$WORK/readme/bin/python" -c "$packages" >"$seen"
}

lint() {
    [ -e "$WORK/checks" ] || python3 -m venv "$WORK/checks"
    "$WORK/checks/bin/python" -m pip install -q 'ruff==0.17.*'
    "$WORK/checks/bin/ruff" check
    "$WORK/checks/bin/ruff" format --check
}

types() {
    checks_environment
    "$WORK/checks/bin/python" -m pip install -q 'mypy==2.4.*'
    "$WORK/checks/bin/python" -m mypy
    cd "$WORK" # the installed package, not the sources
    "$WORK/checks/bin/python" -m mypy.stubtest cmlp._bridge._core --allowlist "$TREE/.ci/stubtest-allowlist"
    cp "$TREE/tests/consumers/typed/typed.py" .
    "$WORK/checks/bin/python" -m mypy --strict typed.py
}

# A second type checker reads the type hints as a user's program sees them.
pyright() {
    checks_environment
    "$WORK/checks/bin/python" -m pip install -q 'pyright==1.1.*'
    cd "$WORK"
    cp "$TREE/tests/consumers/typed/typed.py" .
    "$WORK/checks/bin/pyright" --pythonpath "$WORK/checks/bin/python" typed.py
}

# Files and streams from grammars, a minute for each format, with ONNX Runtime as the judge of ONNX files.
readers_fuzzed() {
    needs package
    "$WORK/readme/bin/python" -m pip install -q onnx onnxruntime pyarrow
    "$WORK/readme/bin/python" tests/fuzz/fuzz_readers.py --seconds 60 --keep "$WORK/fuzzed"
}

# Runs the README's first command in a new environment, adds what the extra docs names, and nothing else, and builds the
# documentation; a warning fails.
documentation() {
    python3 -m venv "$WORK/docs-only"
    # shellcheck disable=SC1091
    . "$WORK/docs-only/bin/activate"
    eval "$(readme_command 1)"
    python -m pip install -q -c .github/requirements/docs.txt "cmlp[docs]"
    python -m sphinx -E -W --keep-going -q -b html docs "$WORK/docs"
    du -sh "$WORK/docs"
}

workflows() {
    checks_environment
    "$WORK/checks/bin/python" tools/check_workflows.py
}

# The numeric tests with each instruction set except the best one, which the test suite uses by default.
other_instruction_sets() {
    local python=$WORK/readme/bin/python isa best
    needs package
    best=$("$python" -c 'import cmlp; print(cmlp.cpu_info()["used"])')
    for isa in generic avx2 neon; do
        if [ "$isa" = "$best" ]; then
            echo "not repeated: the test suite has used $isa"
        elif CMLP_ISA=$isa "$python" -c 'import cmlp' 2>/dev/null; then
            CMLP_ISA=$isa "$python" -c 'import cmlp, os; assert cmlp.cpu_info()["used"] == os.environ["CMLP_ISA"]'
            CMLP_ISA=$isa "$python" -m pytest -q tests/core/test_bits.py tests/core/test_gradients.py tests/network/test_network.py \
                tests/core/test_functions.py tests/core/test_optimizer.py -k 'not gives_the_golden_digests'
        else
            echo "skipped: this processor does not have $isa"
        fi
    done
}

# Runs each test in several threads at once, which shows unprotected shared state, best on an interpreter without the
# GIL. test_step_by_hand is left out because it changes the network of its fixture, which the threads share.
in_parallel() {
    needs package
    "$WORK/readme/bin/python" -m pip install -q 'pytest-run-parallel==0.10.*'
    "$WORK/readme/bin/python" -m pytest --parallel-threads=4 tests/core/test_bits.py tests/core/test_gradients.py \
        tests/network/test_network.py tests/core/test_functions.py tests/core/test_optimizer.py tests/inputs/test_sparse.py \
        --deselect tests/network/test_network.py::test_step_by_hand
}
