#!/usr/bin/env bash
# build.sh: the page, then the server with the page inside: build/telltale.
. "$(dirname "$0")/lib.sh"
[ "$EXPECTED" != 0 ] || EXPECTED=$(tools/expected.sh build)
export EXPECTED

need build page
tools/setup.sh page
tools/build_page.sh

[ -f build/build.ninja ] && [ build/build.ninja -nt CMakePresets.json ] ||
  step "configure" 5 cmake --preset release
target=()
[ ! -f server/main/main.cc ] || target=(--target telltale_program)
step "compile the server" 200 cmake --build build -j "$JOBS" "${target[@]}"
[ ! -x build/telltale ] || say "build/telltale is ready"
