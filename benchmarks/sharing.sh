#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Measures a region that several JVMs have open: atomic additions to one number and to numbers of
# their own, numbers handed to and fro, and what it costs to open. Builds what is missing, as
# peers.sh does.
#
#   benchmarks/sharing.sh                       in the current directory, in a minute
#   benchmarks/sharing.sh --dir /dev/shm        in memory
#   benchmarks/sharing.sh --help
set -euo pipefail
export DMALLOC_BENCHMARK_MAIN=org.dmalloc.benchmarks.SharingCost
exec "$(dirname "$0")/peers.sh" "$@"
