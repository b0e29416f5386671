#!/usr/bin/env bash
# sim.sh: the simulation of everything but the sockets. SEED=n: that one; SEEDS=n: so many, from 1.
. "$(dirname "$0")/lib.sh"
need build test
step "configure" 5 cmake --preset release -DTELLTALE_TESTS=ON
step "compile the simulation" 150 cmake --build build -j "$JOBS" --target sim_test
TELLTALE_SIM_SEED=${SEED:-0} TELLTALE_SIM_SEEDS=${SEEDS:-1000} exec build/sim/sim_test
