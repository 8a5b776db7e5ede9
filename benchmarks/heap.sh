#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Measures heaps beside other allocators: malloc and free of mixed sizes, blocks freed by another
# thread, records on a file; fragmentation, metadata, and how long a heap takes to open. Builds what
# is missing, as peers.sh does.
#
#   benchmarks/heap.sh                                            all, in about an hour
#   benchmarks/heap.sh --quick                                    a short round of all
#   benchmarks/heap.sh --part speed --only malloc,netty-adaptive,heap-anon --pattern mixed
#   benchmarks/heap.sh --help
set -euo pipefail
export DMALLOC_BENCHMARK_MAIN=org.dmalloc.benchmarks.heap.HeapBenchmarks
exec "$(dirname "$0")/peers.sh" "$@"
