# A wheel for aarch64: a cross compiler builds it, and an emulator runs its tests with Debian's Python for aarch64.
# Nothing is installed on this machine.

readonly ARM=$WORK/arm64

# Runs apt-get for arm64 with separate package lists and a separate cache.
arm64_apt() {
    apt-get -o APT::Architecture=arm64 -o APT::Architectures::=arm64 -o Debug::NoLocking=1 \
        -o Dir::State::Lists="$ARM/lists" -o Dir::State::Status="$ARM/status" -o Dir::Cache="$ARM/cache" "$@"
}

# Downloads Debian's Python for arm64 with its dependencies and unpacks it.
arm64_system() {
    local package
    mkdir -p "$ARM/lists/partial" "$ARM/cache/archives/partial" "$ARM/root"
    touch "$ARM/status"
    arm64_apt update -q || return
    arm64_apt install -y -q --download-only --no-install-recommends python3 libstdc++6 libgomp1 || return
    for package in "$ARM"/cache/archives/*.deb; do dpkg -x "$package" "$ARM/root"; done
}

arm64_python() { qemu-aarch64-static -L "$ARM/root" -E PYTHONPATH="$ARM/site" "$ARM/root/usr/bin/python3" "$@"; }

# install_for_arm64 <version of Python> <requirement>...
install_for_arm64() {
    local version=$1
    shift
    "$TOOLS/python" -m pip install -q --target "$ARM/site" --python-version "$version" --only-binary=:all: \
        --platform manylinux_2_28_aarch64 --platform manylinux_2_17_aarch64 "$@"
}

# Creates a virtual environment of that Python version with the build requirements, which pip would otherwise install
# for arm64.
builder_for_arm64() { # <version of Python>
    local python
    for python in $(pythons); do
        "$python" -c "import sys; sys.exit('%d.%d' % sys.version_info[:2] != '$1')" || continue
        "$python" -m venv "$ARM/builder"
        "$ARM/builder/bin/python" -m pip install -q 'setuptools>=77' 'Cython>=3.1' 'numpy>=2.0'
        return
    done
    return 1
}

manylinux_aarch64() {
    local version compiler
    have qemu-aarch64-static || return 0
    arm64_system || { echo "skipped: no Debian packages for arm64" && return 0; }
    version=$(arm64_python -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    builder_for_arm64 "$version" || { echo "skipped: no Python $version for the build" && return 0; }
    compiler=$(zig_compiler aarch64-linux-gnu.2.17)
    CC=$compiler LDSHARED="$compiler -shared" _PYTHON_HOST_PLATFORM=linux-aarch64 \
        SETUPTOOLS_EXT_SUFFIX=.cpython-${version/./}-aarch64-linux-gnu.so \
        pip_wheel "$ARM/builder/bin/python" "$ARM/raw" --no-build-isolation "$DIST"/*.tar.gz
    repair_wheel aarch64 "$ARM"
    install_for_arm64 "$version" "$(echo "$ARM"/*.whl)[test]"
    cp -r tests pyproject.toml "$ARM"
    cd "$ARM"
    arm64_python -c 'import cmlp; print(cmlp.cpu_info()); assert cmlp.cpu_info()["used"] == "neon"'
    # Without the tests that start another Python process, which would not be emulated.
    arm64_python -m pytest -k 'not instruction_set' tests/core/test_bits.py tests/network/test_network.py tests/core/test_gradients.py \
        tests/core/test_functions.py
    CMLP_ISA=generic arm64_python -m pytest tests/core/test_bits.py::test_golden_digests
}
