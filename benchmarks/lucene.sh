#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Times a Lucene index in regions beside one in MMapDirectory: indexing, merging, and queries of
# five kinds. Builds what is missing, as peers.sh does.
#
#   benchmarks/lucene.sh                               all places, five runs of each, in about a quarter of an hour
#   benchmarks/lucene.sh --only mmap,panama --runs 3
#   benchmarks/lucene.sh --help
set -euo pipefail
export DMALLOC_BENCHMARK_MAIN=org.dmalloc.benchmarks.lucene.LuceneComparison
exec "$(dirname "$0")/peers.sh" "$@"
