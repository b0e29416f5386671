#!/usr/bin/env bash
# fuzz.sh [SECONDS]: lets libFuzzer drive each harness of fuzz/ that long, 60 s unless told, from
# fuzz/corpus and from what earlier hunts found (.cache/fuzz). HARNESS=name: that one. What it finds
# (a crash, an input that takes 10 s or 2 GB) is left in test-results/fuzz. JUNIT=file: a report of
# it, a case a harness.
. "$(dirname "$0")/lib.sh"
seconds=${1:-60}
names=()
for file in fuzz/*_fuzz.cc; do
  name=$(basename "$file" _fuzz.cc)
  [ "${HARNESS:-$name}" != "$name" ] || names+=("$name")
done
[ ${#names[@]} != 0 ] || die "fuzz/ has no harness $HARNESS."
need build clang fuzz
step "configure" 5 cmake --preset fuzz
step "compile the harnesses" 240 \
  cmake --build --preset fuzz -j "$JOBS" --target "${names[@]/%/_fuzz}"
found=$ROOT/test-results/fuzz
mkdir -p "$found"
hunt() {  # hunt NAME PROGRAM
  mkdir -p ".cache/fuzz/$1" &&
    UBSAN_OPTIONS=print_stacktrace=1 "$2" -max_total_time="$seconds" -max_len=16384 -timeout=10 \
      -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$found/$1-" \
      ".cache/fuzz/$1" "fuzz/corpus/$1"
}
status=0
cases=""
for name in "${names[@]}"; do
  failure=""
  if ! step "fuzz: $name" "$seconds" hunt "$name" "build-fuzz/fuzz/${name}_fuzz"; then
    status=1
    failure="<failure message=\"the input is in $found/$name-*\"/>"
  fi
  cases+="<testcase classname=\"fuzz\" name=\"$name\">$failure</testcase>"
done
[ -z "${JUNIT:-}" ] || echo "<testsuite name=\"fuzz\">$cases</testsuite>" >"$JUNIT"
if [ "$status" != 0 ]; then
  die "Found: $(ls "$found")
Mend each, and keep its file in fuzz/corpus/HARNESS under a name that says what it was."
fi
say "nothing found"
