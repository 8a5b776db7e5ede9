#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Measures what the calls of a region's life cost, beside the system calls that they need and beside
# 0, 4 and 16 busy threads, and what 100,000 small regions take. Builds what is missing, as peers.sh
# does.
#
#   benchmarks/costs.sh                                                     in some minutes
#   benchmarks/costs.sh --before ../old/benchmarks/target/peers             and another build, in turns
#   benchmarks/costs.sh --help
set -euo pipefail
export DMALLOC_BENCHMARK_MAIN=org.dmalloc.benchmarks.costs.SmallCosts
export DMALLOC_BENCHMARK_HEAP=2g
exec "$(dirname "$0")/peers.sh" "$@"
