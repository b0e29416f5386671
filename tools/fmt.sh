#!/usr/bin/env bash
# fmt.sh [--check]: clang-format over our C++, and paragraphs of comments that are too wide filled
# anew. `make check` calls it with --check where clang-format 16 is installed.
. "$(dirname "$0")/lib.sh"
[ "${1:-}" = --check ] || need format
mapfile -t files < <(git ls-files --cached --others --exclude-standard '*.h' '*.cc')
if [ "${1:-}" = --check ]; then
  clang-format-16 --dry-run --Werror "${files[@]}"
else
  clang-format-16 -i "${files[@]}"
  python3 tools/wrap_comments.py "${files[@]}"
fi
