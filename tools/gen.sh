#!/usr/bin/env bash
# gen.sh: the code made from schema/, without the rest of the build. Nothing generated is committed.
. "$(dirname "$0")/lib.sh"
need build
[ -f build/build.ninja ] || step "configure" 5 cmake --preset release
step "C++ from schema/" 20 cmake --build build -j "$JOBS" --target telltale_schema
if [ -f ui/package.json ]; then
  tools/setup.sh page
  use_node
  npm_gen() { (cd ui && npm run gen); }
  step "TypeScript from schema/" 5 npm_gen
fi
