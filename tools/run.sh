#!/usr/bin/env bash
# run.sh: `make run`. Installs what is missing, builds, starts the server, says where it is, and
# only then makes the Python environment (the page shows that going on) and pushes the example.
# Stays until Ctrl-C; with ONCE=1 it ends when the run does, with 0 if that succeeded.
# MODE=distributed: run_distributed.sh. DEMO=1: run_demo.sh.
. "$(dirname "$0")/lib.sh"
[ -z "${DEMO:-}" ] || exec tools/run_demo.sh
case ${MODE:-} in
  '') ;;
  distributed) exec tools/run_distributed.sh ;;
  *) die "There is no MODE=$MODE; MODE=distributed runs the roles as processes of their own." ;;
esac
PORT=${PORT:-8080}
DATA=${DATA:-data}
URL=http://127.0.0.1:$PORT
EXPECTED=$(tools/expected.sh run)
export EXPECTED

need build page python
client() { python3 tools/run_client.py "$@"; }
client port-free "$PORT" || exit 1
tools/build.sh
client port-free "$PORT" || exit 1

mkdir -p "$DATA"
server=
finish() {
  local status=$?
  trap - EXIT INT TERM
  end_step
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  [ -z "$server" ] || wait "$server" 2>/dev/null || true
  rm -f "$DATA/server.pid"
  exit "$status"
}
trap finish EXIT
trap 'printf "\n"; say "stopping (the data stays in $DATA)"; exit 130' INT

build/telltale serve --listen "127.0.0.1:$PORT" --data "$DATA" --python "$ROOT/.venv/bin/python" \
  --render-workers 2 >"$LOGS/server.log" 2>&1 </dev/null &
server=$!
echo "$server" >"$DATA/server.pid"
if ! client ready "$URL" "$server"; then
  tail -n 20 "$LOGS/server.log"
  die "The server did not start; its last words stand above."
fi
# A link that lets a browser start and stop runs is for who looks at a terminal, not for a log.
if [ -t 1 ]; then
  say "Telltale is at $(build/telltale open --url "$URL" 2>/dev/null || echo "$URL")"
  say "The link is good once, within 5 minutes; build/telltale open --url $URL prints another"
else
  say "Telltale is at $URL"
fi

step "Python environment" 45 python3 python/local_target/setup_environment.py .venv --url "$URL" ||
  die "The Python environment could not be made; the page at $URL shows where it stopped."

# The example is a repository of its own, as a developer's is. Each time it gets a commit, so that
# there is something to push.
EXAMPLE=$(cd "$DATA" && pwd)/breast-cancer
telltale=$ROOT/build/telltale
commit_example() {
  mkdir -p "$EXAMPLE" && cp examples/breast_cancer/pipeline.py "$EXAMPLE" && cd "$EXAMPLE" &&
    { [ -d .git ] || git init -q -b main; } && "$telltale" init --yes --url "$URL" >/dev/null &&
    git add pipeline.py && git -c user.name=Example -c user.email=example@localhost \
      commit -q --allow-empty -m "The example of $(date +%H:%M)"
}
(commit_example) || die "The example could not be made a git repository."
say "\$ git push telltale main"
git -C "$EXAMPLE" push telltale main 2>&1 | tee "$LOGS/push.log" ||
  die "The example could not be pushed."
run=$(sed -n 's|.*/runs/\([a-z2-7]\{26\}\).*|\1|p' "$LOGS/push.log" | tail -n 1)
# What draws visualizations is large, and the example shows its own without: so it comes after. The
# server looks for it once a minute.
install_render() {
  .venv/bin/uv pip install --quiet --python .venv/bin/python -r python/requirements-render.txt
}
if [ -n "${ONCE:-}" ]; then
  client summary "$URL" "$run"
else
  render=$(sum python/requirements-render.txt)
  if [ ! -x .venv/bin/waitress-serve ] || ! fresh render "$render"; then
    if step "Packages that draw visualizations" 16 install_render; then
      stamp render "$render"
      say "Visualize... on a run's Results draws from now on"
    else
      say "Nothing is drawn on request without them; all else works"
    fi
  fi
  say "Ctrl-C stops the server"
  wait "$server" || die "The server ended by itself; see ${LOGS#"$ROOT"/}/server.log"
fi
