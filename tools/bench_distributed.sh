#!/usr/bin/env bash
# bench_distributed.sh [PART...]: the embedded program beside Kafka and MinIO
# (bench/distributed/README.md). For figures to publish, let nothing else run.
. "$(dirname "$0")/lib.sh"
tools/build.sh
need kafka bench
tools/setup.sh python
step "the readers" 30 cmake --build build --target viewers
step "Kafka from Maven Central, once" 60 python3 tests/component/kafka.py fetch
step "MinIO, built once" 240 python3 tests/component/minio.py fetch
exec .venv/bin/python bench/distributed/figures.py "$@"
