# The C library on this machine: its tests with each compiler and sanitizer, and external programs that use it.

# c_build <folder> <cmake arguments>...
c_build() {
    local folder=$WORK/$1
    shift
    cmake -S . -B "$folder" -DCMLP_WERROR=ON "$@"
    cmake --build "$folder" -j "$JOBS"
}

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

# Undefined behaviour, memory errors and leaks. Without -fwrapv, signed overflow is undefined and reported.
c_sanitized() {
    c_build asan -DCMLP_SANITIZE=address,undefined -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS=-O1
    ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1 c_tests asan -E '^fma$'
    "$WORK/asan/tests/c/test_fma" 20000
}

c_threads_sanitized() {
    c_build tsan -DCMLP_SANITIZE=thread -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS=-O1
    c_tests tsan -R '^(threads|zeros|consumer)$'
}

# Installs the library, moves it to another folder, and builds an external program with find_package and pkg-config.
c_installed() { # <folder> <cmake arguments>...
    local folder=$WORK/$1 moved=$WORK/$1-moved user=$WORK/$1-user flags
    shift
    c_build "$(basename "$folder")" -DBUILD_TESTING=OFF "$@"
    cmake --install "$folder" --prefix "$WORK/prefix"
    mv "$WORK/prefix" "$moved"
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
    have clang || return 0
    .ci/fuzz 60
}

every_float32() {
    c_build full
    "$WORK/full/tests/c/test_math" full "$JOBS"
}
