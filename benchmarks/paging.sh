#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Measures what the pattern AUTO costs for regions of 256 MiB to 64 GiB, on sparse files, and how
# near it comes to NORMAL where that is right; prints two tables. Builds what is missing, as
# peers.sh does.
#
#   benchmarks/paging.sh                                 in about four minutes
#   benchmarks/paging.sh --dir /mnt/disk --seconds 30    on another disk, longer phases
#   benchmarks/paging.sh --largest 0                     the second table alone
#   benchmarks/paging.sh --help
set -euo pipefail
export DMALLOC_BENCHMARK_MAIN=org.dmalloc.benchmarks.PagingCost
exec "$(dirname "$0")/peers.sh" "$@"
