#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Measures what a resident budget costs the users of a region: access times with and without one,
# how far users exceed it, and the time of the thread that keeps it. Builds what is missing, as
# peers.sh does.
#
#   benchmarks/budget.sh                            panama, in about two minutes
#   benchmarks/budget.sh --backend anon             on swap, which must be there
#   benchmarks/budget.sh --help
set -euo pipefail
export DMALLOC_BENCHMARK_MAIN=org.dmalloc.benchmarks.BudgetCost
exec "$(dirname "$0")/peers.sh" "$@"
