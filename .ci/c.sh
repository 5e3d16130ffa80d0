# The C library on this machine: its tests with each compiler and sanitizer, and external programs that use it.

# c_build <folder> <cmake arguments>...
c_build() {
    c_configure "$@"
    cmake --build "$WORK/$1" -j "$JOBS"
}

# By default with gcc by its name, because ccache takes cc for another compiler.
c_configure() { cmake -S . -B "$WORK/$1" -DCMLP_WERROR=ON -DCMAKE_C_COMPILER=gcc "${@:2}"; }

# c_programs <folder> <-R or -E> <tests> <programs>: builds the programs of the tests that match a regular expression,
# or of all others, and further programs
c_programs() {
    local tests
    mapfile -t tests < <(cd "$WORK/$1" && ctest -N "$2" "$3" | sed -nE 's/^ *Test +#[0-9]+: (.*)$/\1/p' |
        sed -E -e 's/^(kernels|envelopes).*/check_\1/' -e '/^(golden|consumer|check_.*)$/!s/^/test_/')
    cmake --build "$WORK/$1" -j "$JOBS" --target "${tests[@]}" "${@:4}"
}

# The instruction sets that this processor runs, where compiling the kernels takes minutes. In quick mode without
# AVX-512, whose kernels check_kernels runs between guard pages in the stages of gcc and clang.
runnable_sets() {
    if grep -qw avx2 /proc/cpuinfo && { [ "$MODE" = quick ] || ! grep -qw avx512f /proc/cpuinfo; }; then
        echo 'generic;avx2'
    else
        echo all
    fi
}

# The instruction sets of a library that is only built, found and linked: in quick mode one, because the stages of gcc
# and clang compile and run all others.
linked_sets() { if [ "$MODE" = quick ]; then echo generic; else echo all; fi; }

c_tests() { # <folder> <ctest arguments>...
    local folder=$WORK/$1
    shift
    (cd "$folder" && ctest -j "$JOBS" --output-on-failure --no-tests=error "$@")
}

c_with() { # <folder> <compiler>
    have "$2" || return 0
    c_build "$1" -DCMAKE_C_COMPILER="$2"
    c_tests "$1"
}

# golden_line <command>...: runs an external program, which must print the same line on all platforms
golden_line() {
    local line
    line=$("$@" | tr -d '\r')
    echo "$line"
    [ "$line" = "$(cat "$TREE/tests/consumers/golden/expected.txt")" ]
}

# Undefined behaviour, memory errors and leaks. Without -fwrapv, signed overflow is undefined and reported. Left out is
# what touches no other memory than the remaining tests: a tuning changes the order of reads within a tile, `math` has
# the functions of the kernels alone, `stack` measures the stack of optimized code, `kernels_selftest` tests the checks.
c_sanitized() {
    local others='^(kernels_selftest|math|stack|tunings)$'
    c_configure asan -DCMLP_SANITIZE=address,undefined -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS=-O1 -DCMLP_ISA="$(runnable_sets)"
    c_programs asan -E "$others"
    ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1 c_tests asan -E "$others"
    have clang || return 0
    # As a shared library, which hides names of the library that a test must not need.
    c_configure pointers -DCMAKE_C_COMPILER=clang -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS="-O1 $CHECKED_POINTERS" \
        -DCMLP_ISA="$(checked_sets)" -DBUILD_SHARED_LIBS=ON
    c_programs pointers -E "$others"
    if [ "$MODE" = quick ]; then # but for the generic kernels, which tiny sizes do not have
        local repeated=${TINY/kernels|/}
        others="${others%)$}|${repeated#^(}"
    fi
    c_tests pointers -E "$others"
}

# Clang stops the programs whose pointers wrap around, and those that add to a null pointer, even 0, which gcc does not
# see. In quick mode, tests that also run with tiny sizes check their pointers there alone.
readonly CHECKED_POINTERS='-fsanitize=pointer-overflow -fsanitize-trap=all'

# In quick mode one, because the stage of tiny sizes checks the pointers of AVX2. Of x86 only the sets of all processors
# of today: compiling AVX-512 takes as long as the others.
checked_sets() {
    if [ "$MODE" = quick ]; then echo generic; elif [ "$(uname -m)" = x86_64 ]; then echo 'generic;avx2'; else echo all; fi
}

# The numeric tests with tiny values of the sizes that divide the work, so that small networks take the paths of
# networks with millions of parameters. CMLPI_CHUNK is part of the arithmetic and stays. No result depends on the other
# sizes, so that one instruction set is enough. AVX2 also gets the tiles for adjacent copies that only AVX-512 has
# otherwise.
c_tiny_sizes() {
    have clang || return 0
    local sizes='-DMICROBATCH_ROWS=128 -DLARGE_NET=1 -DCMLPI_PREDICTED_ROWS=5 -DTARGET_ELEMENTS=1'
    sizes+=' -DDELTA_WEIGHTS=5 -DMASKED_ROWS=3 -DSTEP_BYTES=1 -DBLOCK_OUTPUTS=7 -DDENSE_COPIES_2=DENSE_EACH_2'
    sizes+=' -DPANEL_BYTES=1 -DSMALL_WEIGHTS=9'
    c_configure tiny -DCMAKE_C_COMPILER=clang -DCMLP_ISA=avx2 -DCMAKE_C_FLAGS="$sizes $CHECKED_POINTERS"
    c_programs tiny -R "$TINY"
    c_tests tiny -R "$TINY"
}

readonly TINY='^(golden|consumer|api|csr|kernels|limits|plain_cost|rows|shapes|train|tunings|workers|workspace|zeros)$'

# One instruction set: races do not depend on it.
c_threads_sanitized() {
    local tests='^(threads|workers|consumer)$'
    c_configure tsan -DCMLP_SANITIZE=thread -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS=-O1 -DCMLP_ISA=avx2
    c_programs tsan -R "$tests"
    c_tests tsan -R "$tests"
}

# Installs the library, moves it to another folder, and builds an external program with find_package and pkg-config.
c_installed() { # <folder> <cmake arguments>...
    local folder=$WORK/$1 moved=$WORK/$1-moved user=$WORK/$1-user flags
    shift
    c_build "$(basename "$folder")" -DBUILD_TESTING=OFF "$@"
    cmake --install "$folder" --prefix "$folder-prefix"
    mv "$folder-prefix" "$moved"
    cmake -S tests/consumers/golden -B "$user" -DCMAKE_PREFIX_PATH="$moved"
    cmake --build "$user"
    golden_line "$user/golden"
    PKG_CONFIG_PATH=$(dirname "$(find "$moved" -name cmlp.pc)")
    export PKG_CONFIG_PATH
    read -ra flags <<<"$(pkg-config --static --cflags --libs cmlp)"
    gcc tests/consumers/golden/golden.c "${flags[@]}" -o "$user/by-pkg-config"
    LD_LIBRARY_PATH=$(dirname "$PKG_CONFIG_PATH") golden_line "$user/by-pkg-config"
}

# Model files of random content, for a minute.
c_fuzzed() {
    builds_fuzzers || { echo 'skipped: clang cannot build fuzzers' && return; }
    .ci/fuzz 60
}

# The proofs with the model checker CBMC, from version 6 on; unpacked here if the machine has none.
c_proofs() {
    local program=cbmc options=()
    if ! cbmc --version 2>/dev/null | grep -q '^[6-9]\.'; then
        program=$WORK/cbmc/cbmc
        if [ "$INSTALL" = no ] || ! tests/proofs/unpack.sh "$WORK/cbmc"; then
            echo 'skipped: cbmc 6 is not installed' && return 0
        fi
    fi
    [ "$MODE" = full ] || options=(--quick)
    CBMC=$program python3 tests/proofs/prove.py "${options[@]}"
    [ "$MODE" = quick ] || CBMC=$program python3 tests/proofs/prove.py --broken
}

# A C++ project that takes cmlp as a subdirectory: it builds, and its build type and its installation stay its own, to
# which a shared library belongs.
c_subproject() {
    local folder=$WORK/subproject
    cmake -S tests/consumers/subproject -B "$folder" -DCMLP_FOLDER="$TREE" -DCMLP_ISA="$(linked_sets)"
    cmake --build "$folder" -j "$JOBS"
    "$folder/subproject"
    grep '^CMAKE_BUILD_TYPE:STRING=$' "$folder/CMakeCache.txt"
    cmake --install "$folder" --prefix "$folder/installed"
    [ "$(find "$folder/installed" -type f)" = "$folder/installed/bin/subproject" ]
    cmake -S tests/consumers/subproject -B "$folder/shared" -DCMLP_FOLDER="$TREE" -DBUILD_SHARED_LIBS=ON -DCMLP_ISA=generic
    cmake --build "$folder/shared" -j "$JOBS"
    cmake --install "$folder/shared" --prefix "$folder/moved"
    rm -r "$folder/shared"
    LD_LIBRARY_PATH=$(dirname "$(find "$folder/moved" -name libcmlp.so)") "$folder/moved/bin/subproject"
}

# c_small <name> <instruction set> <most bytes> <cmake arguments>...: without the parts that the arguments do not name,
# optimized for size; its tests, and the size of what a program links that only predicts: it reads no model files
c_small() {
    local name=small-$1 size
    c_build "$name" -DCMLP_PARTS=OFF -DCMLP_ISA="$2" -DCMAKE_BUILD_TYPE=MinSizeRel \
        -DCMAKE_C_FLAGS=-fno-asynchronous-unwind-tables "${@:4}"
    c_tests "$name"
    size=$(size "$WORK/$name/libcmlp.a" | awk '!/model|crc|values|tensors|filename/ { sum += $1 + $2 } END { print sum }')
    echo "cmlp $name: $size bytes of code and constants"
    [ "$size" -le "$3" ]
}

c_small_builds() {
    c_small generic generic 34000 -DCMLP_BUILD_ROWS=ON
    c_small avx2 avx2 55000 -DCMLP_BUILD_ROWS=ON
    c_small one-row generic 27000
    c_parts
}

# Each part alone and each missing, and the pairs of three, compiled without optimization: no warnings, and nothing of the
# library is undefined. In full mode also the tests of each.
c_parts() {
    local folder=$WORK/parts compiler=gcc macros flags part builds=(PARTS=0)
    for part in FLOAT64 ROWS TRAINING TABLES EXPLAIN THREADS; do builds+=("BUILD_$part=0" "PARTS=0 BUILD_$part=1"); done
    for part in 'TRAINING TABLES' 'TRAINING EXPLAIN' 'TABLES EXPLAIN'; do
        builds+=("PARTS=0 BUILD_${part% *}=1 BUILD_${part#* }=1")
    done
    if have clang; then compiler=clang; fi # takes a fifth of the time
    mkdir -p "$folder"
    python3 tools/make_single_file.py "$folder/cmlp.c"
    for macros in "${builds[@]}"; do
        echo "$macros"
        read -ra flags <<<"-DCMLP_${macros// / -DCMLP_}"
        "$compiler" -O0 -Wall -Wextra -Werror -DCMLP_BUILD_ISA=1 "${flags[@]}" -Iinclude -c "$folder/cmlp.c" -o "$folder/cmlp.o"
        if nm -u "$folder/cmlp.o" | grep cmlp; then return 1; fi
        [ "$MODE" = full ] || continue
        c_build "parts-${macros// /-}" -DCMLP_ISA=generic "${flags[@]}"
        c_tests "parts-${macros// /-}"
    done
}

# one_line <compiler and options>...: the header's one line, with the options that a user may have, gives the same bits
one_line() {
    local program=$WORK/one-line
    echo "$*"
    "$@" -Iinclude tests/c/golden.c src/cmlp/core/*/*.c src/cmlp/core/*/*/*.c -pthread -lm -o "$program"
    "$program"
}

c_one_line() {
    one_line gcc -O2 -march=native
    [ "$MODE" = full ] || return 0
    one_line gcc -O2
    one_line gcc -O3 -march=x86-64-v3
    one_line gcc -O2 -march=x86-64-v4 -mavx512fp16 # FLT_EVAL_METHOD is 16
    one_line gcc -O2 -ffp-contract=fast -funsafe-math-optimizations
    one_line gcc -std=gnu99 -O2
    one_line gcc -std=c11 -O3 -march=native
    have clang || return 0
    one_line clang -O2 -march=native
    one_line clang -O2 -funsafe-math-optimizations
    c_refuses_wrong_options
}

# What the pragmas cannot prevent: the compiler or cmlp_net_init refuses it.
c_refuses_wrong_options() {
    local log=$WORK/refused
    if one_line gcc -Ofast >"$log" 2>&1; then return 1; fi
    grep -m 1 'cannot be built with -ffast-math' "$log"
    if one_line clang -O2 -march=native -ffp-contract=fast >"$log" 2>&1; then return 1; fi
    grep -m 1 CMLP_ERROR_BUILD "$log"
    if grep 'CMLP_OK' "$log"; then return 1; fi # no wrong bits
    if one_line clang -O2 -fno-honor-nans >"$log" 2>&1; then return 1; fi
    grep -m 1 CMLP_ERROR_BUILD "$log"
}

# The library as one file: no warnings, golden bits.
c_single_file() {
    local folder=$WORK/single compiler golden=tests/consumers/golden/golden.c
    mkdir -p "$folder"
    python3 tools/make_single_file.py "$folder/cmlp.c"
    cp include/cmlp.h include/cmlp_table.h include/cmlp_workers.h include/cmlp_explain.h "$folder"
    for compiler in gcc clang; do
        have "$compiler" || continue
        "$compiler" -std=c11 -O2 -Wall -Wextra -Wconversion -pedantic -Werror -c "$folder/cmlp.c" -o "$folder/cmlp.o"
        "$compiler" -I"$folder" "$golden" "$folder/cmlp.o" -pthread -lm -o "$folder/golden"
        golden_line "$folder/golden"
    done
    [ "$MODE" = full ] || return 0
    have aarch64-linux-gnu-gcc qemu-aarch64-static || return 0
    aarch64-linux-gnu-gcc -static -O1 -I"$folder" "$golden" "$folder/cmlp.c" -pthread -lm -o "$folder/golden-arm"
    golden_line qemu-aarch64-static "$folder/golden-arm"
}

# What compiles here and fails an hour later elsewhere: the library needs three functions of C alone, which WebAssembly and
# firmware have, no name of it is one of Windows' headers, and none of its code is compiled in with a date.
c_symbols() {
    local folder=$WORK/symbols
    mkdir -p "$folder"
    python3 tools/make_single_file.py "$folder/cmlp.c"
    gcc -O0 -DCMLP_BUILD_THREADS=0 -DCMLP_BUILD_ISA=1 -Iinclude -c "$folder/cmlp.c" -o "$folder/cmlp.o"
    nm -u "$folder/cmlp.o" | awk '{ print $2 }' | sort | tee "$folder/undefined"
    [ "$(xargs <"$folder/undefined")" = 'memcmp memcpy memset' ]
    if grep -rnE '__(DATE|TIME|TIMESTAMP)__' src/cmlp include; then return 1; fi
    have x86_64-w64-mingw32-gcc || return 0
    x86_64-w64-mingw32-gcc -Wall -Wextra -Werror -Wno-float-conversion -Iinclude -fsyntax-only "$folder/cmlp.c"
}

# tcc has neither intrinsics nor builtins nor atomic operations, and is no C11: the core is plain C with software fma
# and square root. The tests are those that tcc translates.
c_portable() {
    local folder=$WORK/portable golden=tests/consumers/golden/golden.c
    local tests='^(golden|inference|api|random|net|rows|model|stored|written|labels)$'
    have tcc || return 0
    cmake -S . -B "$folder" -DCMAKE_C_COMPILER=tcc
    c_programs portable -R "$tests"
    c_tests portable -R "$tests"
    python3 tools/make_single_file.py "$folder/cmlp.c"
    tcc -Iinclude "$golden" "$folder/cmlp.c" -o "$folder/golden"
    golden_line "$folder/golden"
}

# frame_moves <options>...: assembles the listing of c_windows_frames, and counts the aligned moves of wide registers
# between the processor and the stack frame
frame_moves() {
    x86_64-w64-mingw32-gcc "$@" -c "$WORK/frames/avx2_f32.s" -o "$WORK/frames/avx2_f32.o"
    x86_64-w64-mingw32-objdump -d "$WORK/frames/avx2_f32.o" | awk '/vmov(a|dqa).*ymm/ && /%r[sb]p/ { n++ } END { print n + 0 }'
}

# windows_flags <compiler>: prints the macros and options with which CMake compiles the library for Windows
windows_flags() {
    rm -rf "$WORK/frames/build"
    cmake -S . -B "$WORK/frames/build" -DCMAKE_SYSTEM_NAME=Windows -DCMAKE_C_COMPILER="$1" -DBUILD_TESTING=OFF >&2
    cat "$WORK/frames/build/CMakeFiles/cmlp.dir/flags.make"
}

# On 64-bit Windows GCC does not align stack frames for the registers of AVX2 and AVX-512, but stores registers there:
# 550 in one file. An option of the assembler makes these moves unaligned. CMake passes it; without it, the kernels are
# left out. Debian's GCC is patched to write unaligned moves itself. The listing is edited to be that of other builds of
# GCC.
c_windows_frames() {
    local folder=$WORK/frames compiler=x86_64-w64-mingw32-gcc option=-Wa,-muse-unaligned-vector-move flags
    have "$compiler" || return 0
    mkdir -p "$folder"
    "$compiler" -O3 -Iinclude -DCMLP_BUILD_ISA=15 -S src/cmlp/core/kernels/avx2_f32.c -o "$folder/avx2_f32.s"
    sed -i -E '/%r[sb]p/ s/\bvmovu(p[sd])\b/vmova\1/; /%r[sb]p/ s/\bvmovdqu\b/vmovdqa/' "$folder/avx2_f32.s"
    [ "$(frame_moves)" -gt 500 ]
    [ "$(frame_moves "$option")" -eq 0 ]

    flags=$(windows_flags "$compiler")
    grep -q -- "$option" <<<"$flags"
    grep -q 'CMLP_BUILD_ISA=15' <<<"$flags"
    # shellcheck disable=SC2016
    printf '#!/bin/sh\ncase "$*" in *-muse-unaligned*) exit 1 ;; esac\nexec %s "$@"\n' "$compiler" >"$folder/old-gcc"
    chmod +x "$folder/old-gcc"
    flags=$(windows_flags "$folder/old-gcc")
    if grep -e "$option" -e CMLP_BUILD_ISA <<<"$flags"; then return 1; fi

    python3 tools/make_single_file.py "$folder/cmlp.c"
    "$compiler" -E -Iinclude -DCMLP_BUILD_ISA=15 "$folder/cmlp.c" -o "$folder/asked.i"
    "$compiler" -E -Iinclude "$folder/cmlp.c" -o "$folder/default.i"
    grep -q 'cmlpi_kernels_f32_avx2 = ' "$folder/asked.i"
    if grep 'cmlpi_kernels_f.*avx.* = ' "$folder/default.i"; then return 1; fi
}

# example_programs <folder> <cmake arguments>...: builds the examples and checks what they print. The installed package
# has the digits that they read.
example_programs() {
    local folder=$WORK/$1
    shift
    needs package
    cmake -S "$TREE/examples" -B "$folder" -DCMAKE_C_FLAGS=-Werror -DCMAKE_CXX_FLAGS=-Werror -DCMLP_ISA=generic "$@"
    cmake --build "$folder" -j "$JOBS"
    "$WORK/package/bin/python" "$TREE/tests/support/example_programs.py" "$folder"
}

# The examples with an installed library, by CMake and by pkg-config, and with the sources.
c_examples() {
    local name folder=$WORK/by-pkg-config repository=$WORK/repository flags
    c_build examples -DBUILD_TESTING=OFF
    cmake --install "$WORK/examples" --prefix "$WORK/examples-installed"
    example_programs by-find-package -DCMAKE_PREFIX_PATH="$WORK/examples-installed"
    mkdir -p "$folder"
    PKG_CONFIG_PATH=$(dirname "$(find "$WORK/examples-installed" -name cmlp.pc)")
    export PKG_CONFIG_PATH
    read -ra flags <<<"$(pkg-config --static --cflags --libs cmlp)"
    for name in examples/*.c; do gcc -O2 "$name" "${flags[@]}" -lm -o "$folder/$(basename "$name" .c)"; done
    g++ -std=c++17 -O2 examples/wrapper.cpp "${flags[@]}" -o "$folder/wrapper"
    "$WORK/package/bin/python" "$TREE/tests/support/example_programs.py" "$folder"
    [ "$MODE" = quick ] || example_programs by-folder -DCMLP_FETCH="$TREE"
    cp -a "$CLEAN" "$repository"
    git -C "$repository" init -q
    git -C "$repository" add include src cmake CMakeLists.txt
    git -C "$repository" -c user.name=ci -c user.email=ci@localhost commit -q -m sources
    example_programs by-git -DCMLP_FETCH="file://$repository"
}

every_float32() {
    c_build full
    "$WORK/full/tests/c/test_math" full "$JOBS"
    "$WORK/full/tests/c/test_fma"
    "$WORK/full/tests/c/check_envelopes"
}
