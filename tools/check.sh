#!/usr/bin/env bash
# check.sh: what is checked without building: arrows between folders, house style, formatting, and
# that the checks themselves catch what is planted.
. "$(dirname "$0")/lib.sh"
status=0
run() { "$@" || status=1; }

run python3 -m unittest discover -q -s tools -p '*_test.py'
run python3 tools/check_layers.py
run python3 tools/check_style.py
run python3 tools/long_functions.py
if command -v clang-format-16 >/dev/null; then
  run tools/fmt.sh --check
fi
if [ -x .venv/bin/ruff ]; then run .venv/bin/ruff check -q tools python examples tests bench; fi
if [ -f ui/package.json ] && [ -d ui/node_modules ] && grep -q '"check":' ui/package.json; then
  use_node
  run npm --prefix ui run --silent check
fi
[ "$status" = 0 ] && echo "check: all well" || echo "check: see above" >&2
exit "$status"
