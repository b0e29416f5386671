#!/usr/bin/env bash
# run_distributed.sh: `make run MODE=distributed`: Kafka and MinIO on this machine, then a process
# that collects, two that fold and two that serve, and the example through all of them. Stays until
# Ctrl-C; with ONCE=1 it ends when both servers show the run as over, with 0 if it succeeded.
. "$(dirname "$0")/lib.sh"
PORT=${PORT:-8080}
DATA=$(realpath -m "${DATA:-data}/distributed")
EXPECTED=$(tools/expected.sh run)
export EXPECTED

need build page python kafka
client() { python3 tools/run_client.py "$@"; }
client port-free "$PORT" || exit 1
tools/build.sh

step "MinIO" 240 python3 tests/component/minio.py fetch ||
  die "There is no MinIO: put minio on PATH, or name it in TELLTALE_MINIO."
mkdir -p "$DATA/spool"
pids=()
finish() {
  local status=$?
  trap - EXIT INT TERM
  end_step
  # Sources first down, then what they write to.
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  python3 tests/component/minio.py stop "$DATA/minio" >/dev/null 2>&1 || true
  python3 tests/component/kafka.py stop "$DATA/kafka" >/dev/null 2>&1 || true
  exit "$status"
}
trap finish EXIT
trap 'printf "\n"; say "stopping (the data stays in $DATA)"; exit 130' INT

step "Kafka's jars" 20 python3 tests/component/kafka.py fetch
say "Kafka and MinIO start"
brokers=$(python3 tests/component/kafka.py start "$DATA/kafka")
endpoint=$(python3 tests/component/minio.py start "$DATA/minio")
store="s3://telltale?endpoint=$endpoint&credentials=$DATA/minio/credentials"

# begin NAME ROLES PORT: one process of these roles; its address is in $address afterwards.
begin() {
  local name=$1 roles=$2 port=$3
  build/telltale serve --roles "$roles" --listen "127.0.0.1:$port" --data "$DATA/$name" \
    --log "kafka://$brokers" --store "$store" >"$LOGS/$name.log" 2>&1 </dev/null &
  pids+=($!)
  address=http://127.0.0.1:$port
  client ready "$address" $! ||
    die "$name did not start; its last words: $(tail -n 5 "$LOGS/$name.log")"
  say "$name ($roles) is at $address"
}
begin fold-1 fold "$(client free-port)"
begin fold-2 fold "$(client free-port)"
begin collect collect "$(client free-port)"
collect=$address
begin serve-1 serve "$PORT"
first=$address
begin serve-2 serve "$(client free-port)"
second=$address

step "Python environment" 45 python3 python/local_target/setup_environment.py .venv \
  --url "$collect" || die "The Python environment could not be made."
run=$(PYTHONPATH=python TELLTALE_SPOOL_DIR=$DATA/spool .venv/bin/python -m local_target run \
  examples/breast_cancer/pipeline.py --url "$collect" --detach)
say "The example runs: $first/runs/$run and $second/runs/$run"
if [ -n "${ONCE:-}" ]; then
  client summary "$first" "$run"
  client summary "$second" "$run"
else
  say "Ctrl-C stops everything"
  wait "${pids[@]}" || die "A process ended by itself; see ${LOGS#"$ROOT"/}/"
fi
