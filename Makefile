# What people and CI call; each verb is a script in tools/. `make help` lists them.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PORT ?= 8080
DATA ?= data
ONCE ?=
MODE ?=
DEMO ?=
COMPONENTS ?=
export PORT DATA ONCE MODE DEMO COMPONENTS

##run: install what is missing, build, start the server and the example [PORT=8080] [ONCE=1] [DATA=data] [MODE=distributed] [DEMO=1: recorded runs of a cluster]
.PHONY: run
run:
	@tools/run.sh

##test: install what is missing, build, run the tests [COMPONENTS=all: sanitizers, and a system whose parts die]
.PHONY: test
test:
	@tools/test.sh

##build: install what the build needs; the program is build/telltale, the page inside
.PHONY: build
build:
	@tools/build.sh

##setup: install everything that build and test need, and build nothing
.PHONY: setup
setup:
	@tools/setup.sh build page test python

##check: layers, style, formatting; seconds
.PHONY: check
check:
	@tools/check.sh

##check-all: AddressSanitizer, ThreadSanitizer and clang builds of the C++ tests
.PHONY: check-all
check-all:
	@tools/check_all.sh

##fmt: format the C++ code (clang-format 16)
.PHONY: fmt
fmt:
	@tools/fmt.sh

##sim: the simulation by seeds: [SEED=n] that one, [SEEDS=n] so many
.PHONY: sim
sim:
	@tools/sim.sh

##fuzz: libFuzzer over every parser of outside bytes [SECONDS=60 each] [HARNESS=name]
.PHONY: fuzz
fuzz:
	@tools/fuzz.sh $(SECONDS)

##bench: build and run the benchmarks of bench/ [FILTER=regex]
.PHONY: bench
bench:
	@tools/bench.sh

##bench-latency: how long after log_metric Chromium shows the point; twenty minutes [RUNS=3] [SAMPLES=5000]
.PHONY: bench-latency
bench-latency:
	@tools/bench_latency.sh

##bench-distributed: the embedded program beside Kafka and MinIO: rates, recovery, memory [PARTS="seen ingest"]
.PHONY: bench-distributed
bench-distributed:
	@tools/bench_distributed.sh $(PARTS)

##gen: write the code that is generated from schema/ (C++ into build/, TypeScript into ui/src/api/gen)
.PHONY: gen
gen:
	@tools/gen.sh

##clean: remove what was built; data/ and downloaded tools stay
.PHONY: clean
clean:
	@tools/clean.sh

.PHONY: help
help:
	@sed -n 's/^##\([a-z-]*\): /  make \1|/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-18s %s\n", $$1, $$2}'
