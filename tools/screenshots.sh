#!/usr/bin/env bash
# screenshots.sh [PART …]: pictures of every view (of those whose name holds a PART), at 390, 720
# and 1440 px, light and dark, of large runs, to look at: test-results/screenshots/.
. "$(dirname "$0")/lib.sh"
tools/build.sh
need test
tools/setup.sh test python
use_node
export SCREENSHOTS="$*"
cd ui
npx vitest run --root ../tests/browser --config screenshots.config.mjs
cd ..
say "$(ls test-results/screenshots | wc -l) pictures are in test-results/screenshots/"
