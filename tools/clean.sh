#!/usr/bin/env bash
# clean.sh: removes what builds and tests made.
. "$(dirname "$0")/lib.sh"
rm -rf build build-dev build-asan build-tsan build-clang build-fuzz ui/dist ui/src/api/gen \
  test-results .tools/stamps/page
find . -name __pycache__ -type d -not -path './.venv/*' -not -path './ui/node_modules/*' \
  -not -path './.tools/*' -prune -exec rm -rf {} +
