# The Python package in the tree: its tests, its style, its types.

readme_commands() {
    python3 -m venv "$WORK/readme"
    # shellcheck disable=SC1091
    . "$WORK/readme/bin/activate"
    python -m pip install -q pandas polars # for tests/estimators/test_data_frames.py
    python -m pip install ".[test]" && python -m pytest
}

# Meta-estimators and data frames with the oldest supported scikit-learn; after the stage that makes the wheel.
oldest_scikit_learn() {
    python3 -m venv "$WORK/oldest"
    "$WORK/oldest/bin/python" -m pip install -q 'scikit-learn==1.6.*' 'pytest>=8' pandas polars
    "$WORK/oldest/bin/python" -m pip install -q --no-deps "$(wheel_folder python3)"/*.whl
    "$WORK/oldest/bin/python" -m pytest tests/estimators/test_meta_estimators.py tests/estimators/test_data_frames.py
}

lint() {
    "$WORK/readme/bin/python" -m pip install -q 'ruff==0.17.*'
    "$WORK/readme/bin/ruff" check
    "$WORK/readme/bin/ruff" format --check
}

types() {
    "$WORK/readme/bin/python" -m pip install -q 'mypy==2.4.*'
    "$WORK/readme/bin/python" -m mypy
    cd "$WORK" # the installed package, not the sources
    "$WORK/readme/bin/python" -m mypy.stubtest cmlp._core --allowlist "$TREE/.ci/stubtest-allowlist"
    cp "$TREE/tests/consumers/typed/typed.py" .
    "$WORK/readme/bin/python" -m mypy --strict typed.py
}

# Another reader of the hints that a stranger's module is given.
pyright() {
    "$WORK/readme/bin/python" -m pip install -q 'pyright==1.1.*'
    cd "$WORK"
    cp "$TREE/tests/consumers/typed/typed.py" .
    "$WORK/readme/bin/pyright" --pythonpath "$WORK/readme/bin/python" typed.py
}

workflows() { "$WORK/readme/bin/python" tools/check_workflows.py; }

# The tests that look at numbers, with each instruction set but the best, which the whole suite has had.
other_instruction_sets() {
    local python=$WORK/readme/bin/python isa
    for isa in generic avx2 neon; do
        if CMLP_ISA=$isa "$python" -c 'import cmlp' 2>/dev/null; then
            CMLP_ISA=$isa "$python" -c 'import cmlp, os; assert cmlp.cpu_info()["used"] == os.environ["CMLP_ISA"]'
            CMLP_ISA=$isa "$python" -m pytest -q tests/core/test_bits.py tests/core/test_gradients.py tests/network/test_network.py \
                tests/core/test_functions.py tests/core/test_optimizer.py
        else
            echo "skipped: $isa is not on this processor"
        fi
    done
}

# Every benchmark runs; its figures mean nothing here.
benchmarks_short() { "$WORK/readme/bin/python" -m benchmarks all --short; }

# Each test by several threads at once: nothing that they share may change. (One test changes the network that it is
# given, which is then the others' too.) Most is seen by an interpreter without GIL.
in_parallel() {
    "$WORK/readme/bin/python" -m pip install -q 'pytest-run-parallel==0.10.*'
    "$WORK/readme/bin/python" -m pytest --parallel-threads=4 tests/core/test_bits.py tests/core/test_gradients.py \
        tests/network/test_network.py tests/core/test_functions.py tests/core/test_optimizer.py tests/inputs/test_sparse.py \
        --deselect tests/network/test_network.py::test_step_by_hand
}
