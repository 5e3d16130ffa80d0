#!/usr/bin/env bash
# Unpacks the model checker CBMC 6 of Debian 13 into a folder, on a Debian machine that has an older one or none. It
# changes nothing else. The program is then FOLDER/cbmc, beside those that prepare loops with invariants.
#
#   tests/proofs/unpack.sh FOLDER
set -euo pipefail
mkdir -p "$1"/{lists,archives,packages,root}
folder=$(cd "$1" && pwd)
readonly folder
site=$(apt-get indextargets 'Created-By: Packages' 'Origin: Debian' --format '$(REPO_URI)' | head -n 1)
printf 'Types: deb\nURIs: %s\nSuites: trixie\nComponents: main\nSigned-By: %s\n' \
    "${site:?apt-get update first}" /usr/share/keyrings/debian-archive-keyring.gpg >"$folder/trixie.sources"
readonly APT=(-q -o "Dir::Etc::sourcelist=$folder/trixie.sources" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$folder/lists" -o "Dir::Cache=$folder" -o APT::Sandbox::User=root)
apt-get "${APT[@]}" update
(cd "$folder/packages" && apt-get "${APT[@]}" download cbmc minisat libc6 libstdc++6 libgcc-s1)
for package in "$folder"/packages/*.deb; do dpkg -x "$package" "$folder/root"; done
cat >"$folder/cbmc" <<'PROGRAM' # which looks up the name by which it is called
#!/bin/sh
root=$(dirname "$(readlink -f "$0")")/root/usr
loader=$(ls "$root"/lib/*-linux-gnu*/ld-linux*.so.* | head -n 1)
exec "$loader" --library-path "$(dirname "$loader"):$root/lib" "$root/bin/$(basename "$0")" "$@"
PROGRAM
chmod +x "$folder/cbmc"
ln -sf cbmc "$folder/goto-cc"
ln -sf cbmc "$folder/goto-instrument"
"$folder/cbmc" --version
