#!/usr/bin/env bash
# expected.sh VERB: about how many seconds it will take here, from what is still missing. Measured
# on two cores; only shown to the person who waits.
. "$(dirname "$0")/lib.sh"
verb=$1
total=3
purposes=(build)
[ "$verb" != test ] || purposes+=(test python component)
[ "$verb" != run ] || purposes+=(python)
if command -v dpkg-query >/dev/null; then
  missing=$(missing_packages "${purposes[@]}" | wc -l)
  [ "$missing" = 0 ] || total=$((total + 5 + missing * 2))
fi
if [ -f ui/package.json ]; then
  node_is_good || [ -x .tools/node/bin/npm ] || total=$((total + 8))
  [ -d ui/node_modules ] || total=$((total + 12))
  [ -f ui/dist/index.html ] || total=$((total + 15))
fi
[ -f build/build.ninja ] || total=$((total + 200))
case $verb in
  test)
    [ -x .venv/bin/pytest ] || total=$((total + 40))
    [ -d "${XDG_CACHE_HOME:-$HOME/.cache}/telltale" ] || total=$((total + 60))
    total=$((total + 400))
    if [ "${COMPONENTS:-}" = all ]; then
      total=$((total + 930))
      [ -f build-asan/build.ninja ] || total=$((total + 550))
    fi
    ;;
  run)
    [ -d .venv ] || total=$((total + 45))
    total=$((total + 45))
    ;;
esac
echo "$total"
