#!/bin/sh
# Prints the bindings of cmlp-sys, by bindgen 0.60 or later: packaging/rust/bindgen.sh >packaging/rust/cmlp-sys/src/bindings.rs
set -eu
cd "$(dirname "$0")/../.."
functions='cmlp_(version|version_number|status_name|status_string'
functions="$functions|model_(describe|init|find_label|describe_column|find_category|answer|answer_size|say))"
exec bindgen include/cmlp_table.h --no-layout-tests --no-doc-comments --disable-header-comment --size_t-is-usize \
    --with-derive-default --blocklist-type '__u?int.*_t|cmlp_net' --allowlist-function "$functions" \
    --allowlist-var 'CMLP_(OK|ERROR_.*|ROWS_CELLS|MODEL_.*|VALUE_.*)' \
    --raw-line '// The functions of the headers that load a model and answer about rows, by packaging/rust/bindgen.sh.'
