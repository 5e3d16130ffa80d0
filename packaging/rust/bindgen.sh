#!/bin/sh
# Prints the bindings of cmlp-sys, by bindgen 0.60 or later: packaging/rust/bindgen.sh >packaging/rust/cmlp-sys/src/bindings.rs
set -eu
cd "$(dirname "$0")/../.."
functions='cmlp_(version|version_number|status_name|status_string'
functions="$functions|model_(describe|init|predict|workspace_size|find_label)"
functions="$functions|model_(describe_column|find_category|find_code|read_cell|outside|margin|interval|find_set)"
functions="$functions|model_(explain|explain_workspace_size))"
exec bindgen include/cmlp_explain.h --no-layout-tests --no-doc-comments --disable-header-comment --size_t-is-usize \
    --blocklist-type '__u?int.*_t|cmlp_net' --allowlist-function "$functions" \
    --allowlist-var 'CMLP_(OK|REPEAT|ERROR_.*|FLOAT32|FLOAT64|UINT8|ROWS_DENSE|MODEL_.*|VALUE_.*|TABLE_.*)' \
    --raw-line '// The functions of the headers that load a model, predict and explain, by packaging/rust/bindgen.sh.' \
    -- -include include/cmlp_table.h
