# Required programs: checked, and installed by apt-get if missing, unless .ci/run has --no-install. Also the copy of the
# tree that the stages use.

# Prints the required packages whose programs are missing.
missing_packages() {
    command -v python3 >/dev/null || echo python3 python3-venv python3-dev
    command -v gcc >/dev/null || echo gcc libc6-dev
    command -v cmake >/dev/null || echo cmake make
    command -v make >/dev/null || echo make
    command -v pkg-config >/dev/null || echo pkg-config
    command -v git >/dev/null || echo git
    if [ "$(command -v python3 || true)" = /usr/bin/python3 ]; then
        python3 -c 'import ensurepip' 2>/dev/null || echo python3-venv
        [ -e "$(python3 -c 'import sysconfig; print(sysconfig.get_path("include"))')/Python.h" ] || echo python3-dev
    fi
}

# Prints one line for each optional program: its name and packages. Stages whose programs are missing are skipped.
optional_packages() {
    echo clang clang
    echo g++ g++
    echo arm-none-eabi-gcc gcc-arm-none-eabi libnewlib-arm-none-eabi
    echo qemu-system-arm qemu-system-arm
    echo avr-gcc gcc-avr avr-libc
    echo simavr simavr
    echo riscv64-unknown-elf-gcc gcc-riscv64-unknown-elf picolibc-riscv64-unknown-elf
    echo qemu-aarch64-static qemu-user-static
    echo aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu libc6-dev-arm64-cross
    echo tcc tcc
    echo x86_64-w64-mingw32-gcc gcc-mingw-w64-x86-64
    echo npm npm
    echo chromium chromium
    echo wasm-ld lld
    [ "$MODE" = full ] || return 0
    echo arm-linux-gnueabihf-gcc gcc-arm-linux-gnueabihf libc6-dev-armhf-cross
    echo riscv64-linux-gnu-gcc gcc-riscv64-linux-gnu libc6-dev-riscv64-cross
    echo powerpc64le-linux-gnu-gcc gcc-powerpc64le-linux-gnu libc6-dev-ppc64el-cross
    echo s390x-linux-gnu-gcc gcc-s390x-linux-gnu libc6-dev-s390x-cross
    echo arm-none-eabi-gcc gcc-arm-none-eabi libnewlib-arm-none-eabi
    echo wine wine wine64
    echo node nodejs
    echo go golang-go
    echo javac default-jdk-headless
    [ -e /usr/share/java/jna.jar ] || echo jna.jar libjna-java
    echo mcs mono-mcs mono-runtime libmono-system-core4.0-cil
    echo cargo cargo rustc
    echo bindgen bindgen rustfmt
}

# Whether gcc can build for i386.
builds_i386() { echo 'int main(void) { return 0; }' | gcc -m32 -x c - -o /dev/null 2>/dev/null; }

# Whether clang can build fuzzers. On Debian, its run-time library is a package of its own.
builds_fuzzers() {
    echo 'int LLVMFuzzerTestOneInput(const unsigned char *p, unsigned long n) { return p == 0 && n; }' |
        clang -fsanitize=fuzzer,address -x c - -o /dev/null 2>/dev/null
}

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi; }

install() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 install -q -y --no-install-recommends "$@"; }

# Names what is missing; fails if a required program is.
name_missing() {
    local packages program
    command -v ccache >/dev/null || echo 'not installed, everything is compiled: ccache (apt-get install ccache)'
    while read -r program packages; do
        command -v "$program" >/dev/null || echo "not installed, stages that need it are skipped: $program (apt-get install $packages)"
    done < <(optional_packages)
    builds_i386 || echo 'not installed, stages that need it are skipped: the libraries of gcc -m32'
    builds_fuzzers || echo 'not installed, stages that need it are skipped: the run-time library of clang -fsanitize=fuzzer'
    packages=$(missing_packages | tr '\n' ' ')
    [ -z "$packages" ] || { echo "not installed, but needed: apt-get install $packages" >&2 && return 1; }
}

prepare_machine() {
    local packages program updated=
    if [ "$INSTALL" = no ]; then name_missing && return; fi
    read -ra packages <<<"$(missing_packages | tr '\n' ' ')"
    if [ ${#packages[@]} -gt 0 ]; then
        as_root apt-get update -q
        updated=yes
        install "${packages[@]}"
    fi
    while read -r program packages; do
        command -v "$program" >/dev/null && continue
        [ "$updated" ] || as_root apt-get update -q || true
        updated=yes
        # shellcheck disable=SC2086
        install $packages </dev/null || echo "no $program"
    done < <(optional_packages)
    command -v ccache >/dev/null || install ccache || echo 'no ccache: everything is compiled'
    # Not the package gcc-multilib, which conflicts with the cross compilers.
    builds_i386 || install "gcc-$(gcc -dumpversion | cut -d. -f1)-multilib" || echo 'no libraries for i386'
    builds_fuzzers || install "libclang-rt-$(clang -dumpversion | cut -d. -f1)-dev" || echo 'no fuzzers by clang'
    python3 -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
}

# What this or an earlier run has compiled in the same way is not compiled again. CMLP_CCACHE names another folder.
use_compiler_store() {
    command -v ccache >/dev/null || return 0
    export PATH=/usr/lib/ccache:$PATH CCACHE_DIR=${CMLP_CCACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/cmlp-ci}
    export CCACHE_MAXSIZE=1G CCACHE_BASEDIR=$WORK CCACHE_NOHASHDIR=1 CCACHE_STATSLOG=$WORK/compiled
}

# Prints how many files have been compiled.
compiled_line() {
    [ -e "$WORK/compiled" ] || return 0
    awk '/^(direct|preprocessed)_cache_hit$/ { stored++ } /^cache_miss$/ { compiled++ }
        END { printf "files compiled: %d, taken from the store: %d\n", compiled, stored }' "$WORK/compiled"
}

# have <program>...: succeeds if all programs are installed, otherwise prints which one is missing
have() {
    local program
    for program in "$@"; do
        command -v "$program" >/dev/null || { echo "skipped: $program is not installed" && return 1; }
    done
}

# Prints one installed CPython of each version from 3.11 on, the oldest first.
pythons() {
    if [ ! -e "$WORK/pythons" ]; then
        find_pythons >"$WORK/pythons.$BASHPID"
        mv "$WORK/pythons.$BASHPID" "$WORK/pythons"
    fi
    cat "$WORK/pythons"
}

oldest_python() { pythons | sed -n 1p; }

newest_python() { pythons | sed -n '$p'; }

find_pythons() {
    local minor found
    for minor in 11 12 13 14 15; do
        for found in "python3.$minor" "${PYENV_ROOT:-$HOME/.pyenv}/versions/3.$minor".*/bin/python; do
            if "$found" -c '' 2>/dev/null; then
                echo "$found"
                break
            fi
        done
    done
}

# Copies the tracked and the new files of the tree, but no ignored files. The stages run in one copy, the other stays as
# it is.
copy_tree() {
    mkdir "$TREE"
    if git -C "$ROOT" rev-parse --is-inside-work-tree >/dev/null 2>&1; then
        (cd "$ROOT" && git ls-files -co --exclude-standard -z | while IFS= read -r -d '' file; do
            if [ -e "$file" ]; then printf '%s\0' "$file"; fi
        done | tar -c --null -T - -f -) | tar -x -C "$TREE"
    else
        cp -a "$ROOT/." "$TREE"
    fi
    cp -a "$TREE" "$CLEAN"
}
