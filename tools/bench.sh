#!/usr/bin/env bash
# bench.sh: builds the benchmarks of bench/ and runs them one after the other. FILTER=regex: some.
. "$(dirname "$0")/lib.sh"
need build bench
step "configure" 5 cmake --preset release -DTELLTALE_BENCH=ON
mapfile -t programs < <(cmake --build build --target help |
  sed -n 's/^\([a-z_]*_bench\): phony$/\1/p')
[ ${#programs[@]} != 0 ] || die "There is no benchmark in bench/."
step "compile the benchmarks" 120 cmake --build build -j "$JOBS" --target "${programs[@]}"
for program in "${programs[@]}"; do
  printf '\n%s\n' "$program"
  "$(find build -name "$program" -type f -perm -u+x | head -1)" \
    ${FILTER:+--benchmark_filter="$FILTER"}
done
