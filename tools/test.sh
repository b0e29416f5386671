#!/usr/bin/env bash
# test.sh: installs what it needs, runs the suites that a change should pass, says which others
# there are, closes with a table and the line `N passed, N failed, N skipped`. With COMPONENTS=all
# also what takes minutes: the C++ tests under AddressSanitizer, the longer tests of real
# components, and a system over them whose parts die.
# --only SUITE...: just these; tsan, clang, fuzz and kubernetes run in no other way.
. "$(dirname "$0")/lib.sh"
only=()
if [ "${1:-}" = --only ]; then shift; only=("$@"); fi
wanted() {
  [ ${#only[@]} = 0 ] && return "${2:-0}"
  local suite
  for suite in "${only[@]}"; do [ "$suite" != "$1" ] || return 0; done
  return 1
}
[ "$EXPECTED" != 0 ] || EXPECTED=$(tools/expected.sh test)
export EXPECTED
RESULTS=$ROOT/test-results
# For suites that drive the real server; the suite `cpp` builds it.
export TELLTALE_BINARY=$ROOT/build/telltale
rm -rf "$RESULTS"
mkdir -p "$LOGS" "$RESULTS/junit"

# A suite's name, then what runs it. It leaves test-results/junit/NAME*.xml; a suite that ends badly
# without a word about why counts as one failure.
suite() {
  local name=$1 seconds=$2 began=$SECONDS status=0
  shift 2
  TAIL_LINES=60 step "test: $name" "$seconds" "$@" || status=$?
  printf '%s\t%d\t%d\n' "$name" "$status" $((SECONDS - began)) >>"$RESULTS/suites.tsv"
}

# cpp NAME PRESET: builds all of a preset with its tests and runs them.
cpp() {
  local folder=build seeds=200
  # Sanitized seeds take many times as long, and look for other things than more of them would.
  [ "$2" = release ] || { folder=build-$2 seeds=40; }
  cmake --preset "$2" -DTELLTALE_TESTS=ON &&
    cmake --build "$folder" -j "$JOBS" &&
    TELLTALE_SIM_SEEDS=$seeds ASAN_OPTIONS=detect_stack_use_after_return=1 \
      UBSAN_OPTIONS=print_stacktrace=1 \
      ctest --test-dir "$folder" -j "$JOBS" --no-tests=error --output-on-failure \
      --output-junit "$RESULTS/junit/$1.xml"
}
run_check() { tools/check.sh; }
run_python() {
  .venv/bin/python -m pytest -q --junitxml="$RESULTS/junit/python.xml" python examples
}
# The processes of a system together, over Kafka and MinIO, and what happens to them.
run_distributed() {
  .venv/bin/python -m pytest -q --junitxml="$RESULTS/junit/distributed.xml" tests/distributed
}
# Beside a real kube-apiserver with each of two real Argo controllers, which are built once: some
# twenty minutes. Alone on a network, since a controller listens on all addresses.
run_kubernetes() {
  .venv/bin/python tests/kubernetes/programs.py fetch &&
    tests/kubernetes/alone.py .venv/bin/python -m pytest -q -rP \
      --junitxml="$RESULTS/junit/kubernetes.xml" tests/kubernetes
}
run_page() {
  cd ui && npx vitest run --reporter=default --reporter=junit \
    --outputFile.junit="$RESULTS/junit/page.xml"
}
# In Debian's chromium, with the runner that the page's own tests have.
run_browser() {
  cd ui && npx tsc --noEmit -p ../tests/browser &&
    npx vitest run --root ../tests/browser --reporter=default --reporter=junit \
      --outputFile.junit="$RESULTS/junit/browser.xml"
}

# Real components, as a user would start them. One that can't be had here is told by the tests that
# it skips; with CI=true or COMPONENTS=all they fail instead.
get_kafka() {
  (need component) || true
  if step "Kafka from Maven Central, once" 60 tests/component/kafka.py fetch; then
    TELLTALE_KAFKA=$(tests/component/kafka.py fetch)
    export TELLTALE_KAFKA
  fi
}
# Built from source, which takes minutes, only where all components are asked for.
get_minio() {
  local verb=find
  if [ "${COMPONENTS:-}" = all ]; then
    verb=fetch
    step "MinIO, built once" 240 python3 tests/component/minio.py fetch || return 0
  fi
  TELLTALE_MINIO=$(python3 tests/component/minio.py $verb 2>/dev/null) || return 0
  export TELLTALE_MINIO
}
run_component() {
  cmake --preset release -DTELLTALE_TESTS=ON &&
    cmake --build build -j "$JOBS" --target component_test &&
    build/tests/component/component_test --gtest_output=xml:"$RESULTS/junit/component.xml"
}

# Every parser of outside bytes, hunted for some seconds each.
run_fuzz() { JUNIT=$RESULTS/junit/fuzz.xml tools/fuzz.sh 8; }

need build page test python
[ "${COMPONENTS:-}" != all ] || need format svn
! wanted clang 1 || need clang
tools/setup.sh page python
[ ! -f ui/package.json ] || use_node

if [ ${#only[@]} = 0 ]; then tools/build_page.sh || suite page-build 15 false; fi
! wanted check || suite check 5 run_check
! wanted cpp || suite cpp 150 cpp cpp release
if wanted component || wanted distributed; then
  get_kafka
  get_minio
fi
! wanted component || suite component 180 run_component
! wanted python || suite python 130 run_python
! wanted page || suite page 15 run_page
! wanted browser || suite browser 75 run_browser
if [ "${COMPONENTS:-}" = all ] || [ ${#only[@]} != 0 ]; then
  ! wanted distributed || suite distributed 240 run_distributed
  ! wanted asan || suite asan 550 cpp asan asan
fi
! wanted tsan 1 || suite tsan 300 cpp tsan tsan
! wanted clang 1 || suite clang 200 cpp clang clang
! wanted fuzz 1 || suite fuzz 240 run_fuzz
! wanted kubernetes 1 || suite kubernetes 600 run_kubernetes
if [ ${#only[@]} = 0 ]; then
  if [ "${COMPONENTS:-}" = all ]; then
    say "Not run: tsan, clang, fuzz, kubernetes (tools/test.sh --only NAME)."
  else
    say "Not run: asan, distributed, MinIO (COMPONENTS=all); tsan, clang, fuzz, kubernetes."
  fi
fi
python3 tools/test_report.py "$RESULTS"
