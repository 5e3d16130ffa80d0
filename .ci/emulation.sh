# The core on other processors and systems: emulators run its C tests; without an emulator it is only compiled.

# The C tests that are fast enough for an emulator.
TESTS='golden|consumer|api|random|net|rows|train|model|stored'
[ "$MODE" = quick ] || TESTS="$TESTS|kernels|csr|modes|shapes|zeros"
readonly TESTS

# emulated_tests <folder> <tests> <emulator and its arguments>...
emulated_tests() {
    c_programs "$1" -R "^($2)$" test_fma consumer
    c_tests "$1" -R "^($2)$"
    "${@:3}" "$(program "$1" test_fma)" 20000
    golden_line "${@:3}" "$(program "$1" consumer)"
}

program() { find "$WORK/$1/tests/c" -maxdepth 1 \( -name "$2" -o -name "$2.exe" \) -type f; }

# on_linux <name> <tests> <compiler> <emulator and its arguments>...
on_linux() {
    local name=$1 tests=$2 compiler=$3 emulator
    shift 3
    have "$compiler" "$1" || return 0
    emulator=$(IFS=';' && echo "$*")
    c_configure "$name" -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_C_COMPILER="$compiler" -DCMAKE_EXE_LINKER_FLAGS=-static \
        -DCMAKE_CROSSCOMPILING_EMULATOR="$emulator"
    emulated_tests "$name" "$tests" "$@"
}

# Not emulated: x86 processors run i386. There structs are laid out differently.
on_i386() {
    builds_i386 || { echo 'skipped: no libraries for i386' && return 0; }
    # Without Debian's gcc-multilib, which excludes the cross compilers, the kernel's headers are in this folder alone.
    c_configure i386 -DCMAKE_C_FLAGS='-m32 -msse2 -mfpmath=sse -idirafter /usr/include/x86_64-linux-gnu'
    emulated_tests i386 "$TESTS|csr|defaults|inference"
}

# QEMU 7.2 reads masked-out lanes of a masked load, so the tests with guard pages cannot run.
on_haswell() { on_linux haswell 'golden|consumer|random' gcc qemu-x86_64-static -cpu Haswell; }

on_windows() {
    have x86_64-w64-mingw32-gcc wine || return 0
    export WINEPREFIX=$WORK/wine WINEDEBUG=-all
    wine wineboot --init >/dev/null 2>&1
    # isnan and isinf are macros in MinGW that convert to float.
    c_configure windows -DCMAKE_SYSTEM_NAME=Windows -DCMAKE_C_COMPILER=x86_64-w64-mingw32-gcc \
        -DCMAKE_EXE_LINKER_FLAGS=-static -DCMAKE_C_FLAGS=-Wno-float-conversion -DCMAKE_CROSSCOMPILING_EMULATOR=wine
    emulated_tests windows "$TESTS" wine
    python3 tools/make_single_file.py "$WORK/cmlp.c"
    x86_64-w64-mingw32-gcc -O1 -static -Iinclude tests/consumers/golden/golden.c "$WORK/cmlp.c" -o "$WORK/golden.exe"
    golden_line wine "$WORK/golden.exe"
}

# zig_program <target> <name> <sources>...: compiles the sources together with the core
zig_program() {
    local compiler
    compiler=$(zig_compiler "$1")
    mkdir -p "$WORK/zig-programs"
    find src/cmlp/core -name '*.c' -print0 | xargs -0 "$compiler" -std=gnu11 -O2 -ffp-contract=off -fno-math-errno \
        -Wall -Wextra -Werror -Iinclude "${@:3}" -o "$WORK/zig-programs/$2"
}

on_wasm() {
    local name
    have node || return 0
    zig_program wasm32-wasi consumer.wasm tests/consumers/golden/golden.c
    golden_line node --no-warnings .ci/wasi.mjs "$WORK/zig-programs/consumer.wasm"
    zig_program wasm32-wasi golden.wasm tests/c/golden.c
    node --no-warnings .ci/wasi.mjs "$WORK/zig-programs/golden.wasm"
}

compiled_only() { # <target>
    zig_program "$1" "golden-$1" tests/consumers/golden/golden.c
    echo "skipped: $1 is compiled and linked, but no emulator can run it"
}
