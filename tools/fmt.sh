#!/usr/bin/env bash
# fmt.sh [--check]: clang-format over our C++; `make check` calls it with --check where it is there.
. "$(dirname "$0")/lib.sh"
[ "${1:-}" = --check ] || need format
mapfile -t files < <(git ls-files --cached --others --exclude-standard '*.h' '*.cc')
if [ "${1:-}" = --check ]; then
  clang-format-16 --dry-run --Werror "${files[@]}"
else
  clang-format-16 -i "${files[@]}"
fi
