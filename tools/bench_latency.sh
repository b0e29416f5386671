#!/usr/bin/env bash
# bench_latency.sh: how long after log_metric a reader sees the point (bench/latency/README.md).
# [RUNS=3] [SAMPLES=5000]; about twenty minutes. For figures to publish, let nothing else run.
. "$(dirname "$0")/lib.sh"
need test
tools/build.sh
tools/setup.sh page python
use_node
exec node bench/latency/latency.mjs --runs "${RUNS:-3}" --samples "${SAMPLES:-5000}"
