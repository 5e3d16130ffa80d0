# Programs in other languages, with the shared library, WebAssembly and the crates. All predict with Python's bits.

# predicts <command>...: runs a program with models of each kind
predicts() {
    echo "$*"
    LD_LIBRARY_PATH=$WORK/languages "$WORK/package/bin/python" tests/support/language_programs.py "$@"
}

# The sources compile, before the stage that runs the programs.
languages_compiled() {
    if have javac; then needs java; fi
    if have mcs; then needs csharp; fi
    if have go; then (cd packaging/go && CGO_CFLAGS=-I$TREE/include go vet .); fi
    if have cargo; then
        # The script that compiles the C library of the crates gets a compiler that does nothing.
        CC=true AR=true CARGO_TARGET_DIR=$WORK/rust-checked cargo check --offline --tests --manifest-path packaging/rust/Cargo.toml
    fi
    if have node; then find packaging/wasm examples/languages/node -name '*.mjs' -exec node --check {} \;; fi
}

make_java() {
    local jar=/usr/share/java/jna.jar
    [ -e "$jar" ] || { echo 'skipped: JNA is not installed' && return; }
    find packaging/java/src -name '*.java' -exec javac -Xlint -Werror -cp "$jar" -d "$WORK/java" {} +
    javac -cp "$WORK/java" -d "$WORK/java" examples/languages/java/Predict.java
}

make_csharp() {
    mkdir -p "$WORK/csharp"
    mcs -warnaserror -target:library -out:"$WORK/csharp/Cmlp.dll" packaging/csharp/src/*.cs
    mcs -r:"$WORK/csharp/Cmlp.dll" -out:"$WORK/csharp/PredictorTest.exe" packaging/csharp/test/PredictorTest.cs
    mcs -r:"$WORK/csharp/Cmlp.dll" -out:"$WORK/csharp/Predict.exe" examples/languages/csharp/Predict.cs
}

other_languages() {
    local folder=$WORK/languages
    needs package
    mkdir -p "$folder"
    python3 tools/make_single_file.py "$folder/cmlp.c"
    gcc -O2 -shared -fPIC -DCMLP_BUILD -DCMLP_BUILD_ISA=1 -DCMLP_BUILD_TRAINING=0 -DCMLP_BUILD_THREADS=0 -Iinclude \
        "$folder/cmlp.c" -o "$folder/libcmlp.so"
    predicts python3 -I examples/serverless/predictor.py "$folder/libcmlp.so"
    "$WORK/package/bin/python" tests/support/language_programs.py --write "$folder/cases"
    if have clang wasm-ld npm; then from_wasm; fi
    if have go; then from_go; fi
    if have javac; then from_java; fi
    if have mcs mono; then from_csharp; fi
    if have cargo; then from_rust; fi
}

# The package as npm installs it, in a project beside its tests, and in a browser if there is one.
from_wasm() {
    local folder=$WORK/languages/wasm
    rm -rf "$folder" && mkdir -p "$folder"
    python3 tools/make_npm.py "$folder/cmlp"
    node -e 'const { readFileSync } = require("node:fs");
        process.exitCode = WebAssembly.Module.imports(new WebAssembly.Module(readFileSync(process.argv[1]))).length' \
        "$folder/cmlp/cmlp.wasm"
    npm install --silent --no-save --offline --install-links --prefix "$folder" "$folder/cmlp"
    cp examples/languages/node/wasm.mjs packaging/wasm/test/* "$folder"
    predicts node "$folder/wasm.mjs"
    CMLP_CASES=$WORK/languages/cases node --test "$folder/predictor.test.mjs"
    if have tsc; then tsc --noEmit --strict --module nodenext --target es2022 --lib es2022,dom "$folder/types.mts"; fi
    if have chromium && "$WORK/package/bin/python" -c 'import playwright'; then
        "$WORK/package/bin/python" tests/support/npm_in_browser.py "$folder/cmlp" "$WORK/languages/cases"
    fi
}

from_go() {
    export CGO_CFLAGS=-I$TREE/include CGO_LDFLAGS=-L$WORK/languages
    (cd packaging/go && CMLP_CASES=$WORK/languages/cases LD_LIBRARY_PATH=$WORK/languages go test -race .)
    (cd examples/languages/go && go build -o "$WORK/languages/go-predict")
    predicts "$WORK/languages/go-predict"
}

from_java() {
    local java=(-cp "/usr/share/java/jna.jar:$WORK/java" -Djna.library.path="$WORK/languages")
    needs java
    [ -e "$WORK/java" ] || return 0
    CMLP_CASES=$WORK/languages/cases java "${java[@]}" cmlp.PredictorTest
    predicts java "${java[@]}" Predict
}

from_csharp() {
    needs csharp
    CMLP_CASES=$WORK/languages/cases LD_LIBRARY_PATH=$WORK/languages mono "$WORK/csharp/PredictorTest.exe"
    predicts mono "$WORK/csharp/Predict.exe"
}

# The crates in the source tree with their tests, the program that uses them, and the crates as a release has them.
from_rust() {
    export CARGO_TARGET_DIR=$WORK/languages/rust
    CMLP_CASES=$WORK/languages/cases cargo test --offline --manifest-path packaging/rust/Cargo.toml
    cargo build --offline --release --manifest-path examples/languages/rust/Cargo.toml
    predicts "$CARGO_TARGET_DIR/release/predict"
    python3 tools/make_crates.py "$WORK/crates"
    cargo package --offline --no-verify --allow-dirty --list --manifest-path "$WORK/crates/cmlp-sys/Cargo.toml" | grep '^c/cmlp.c$'
    cargo build --offline --manifest-path "$WORK/crates/Cargo.toml"
    if have bindgen && [ "$(bindgen --version)" = 'bindgen 0.60.1' ]; then bindings_are_current; fi
}

# Without rustfmt, bindgen breaks lines otherwise.
bindings_are_current() {
    packaging/rust/bindgen.sh | tr -d ' \n' | sed 's/,)/)/g' >"$WORK/languages/new"
    tr -d ' \n' <packaging/rust/cmlp-sys/src/bindings.rs | sed 's/,)/)/g' >"$WORK/languages/committed"
    cmp "$WORK/languages/new" "$WORK/languages/committed"
}
