#!/usr/bin/env bash
# run_demo.sh: `make run DEMO=1`. Builds, starts the server on a folder of its own and plays to it
# recorded runs of a cluster at a lively pace. Installs nothing else. Stays until Ctrl-C; with
# ONCE=1 it ends when all are played.
. "$(dirname "$0")/lib.sh"
PORT=${PORT:-8080}
DATA=${DATA:-data}/demo
URL=http://127.0.0.1:$PORT
EXPECTED=$(tools/expected.sh run)
export EXPECTED

need build page
client() { python3 tools/run_client.py "$@"; }
client port-free "$PORT" || exit 1
tools/build.sh
client port-free "$PORT" || exit 1

rm -rf "$DATA"
mkdir -p "$DATA"
server=
player=
finish() {
  local status=$?
  trap - EXIT INT TERM
  end_step
  for process in $player $server; do kill "$process" 2>/dev/null || true; done
  [ -z "$server" ] || wait "$server" 2>/dev/null || true
  exit "$status"
}
trap finish EXIT
trap 'printf "\n"; say "stopping"; exit 130' INT

build/telltale serve --listen "127.0.0.1:$PORT" --data "$DATA" >"$LOGS/server.log" 2>&1 </dev/null &
server=$!
if ! client ready "$URL" "$server"; then
  tail -n 20 "$LOGS/server.log"
  die "The server did not start; its last words stand above."
fi
say "Telltale is at $URL, and shows a cluster's runs as they were recorded"
build/telltale import argo-watch --to "$URL" --speed "${SPEED:-0.5}" --cluster demo \
  tests/fixtures/argo/*.jsonl.gz >"$LOGS/import.log" 2>&1 </dev/null &
player=$!
if [ -n "${ONCE:-}" ]; then
  wait "$player" || die "The recordings could not be played; see ${LOGS#"$ROOT"/}/import.log"
  player=
else
  say "Ctrl-C stops the server"
  wait "$server" || die "The server ended by itself; see ${LOGS#"$ROOT"/}/server.log"
fi
