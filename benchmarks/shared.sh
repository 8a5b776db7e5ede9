#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Measures what locks in a shared region cost, and messages between two JVMs: latency and
# throughput, beside Aeron's IPC in the same run. Builds what is missing, as peers.sh does.
#
#   benchmarks/shared.sh                                       all, in about three minutes
#   benchmarks/shared.sh --part messages --only ring,aeron --bytes 1000
#   benchmarks/shared.sh --help
set -euo pipefail
export DMALLOC_BENCHMARK_MAIN=org.dmalloc.benchmarks.shared.SharedBenchmarks
# What Aeron asks for on this Java.
export DMALLOC_BENCHMARK_JVM="--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED --add-opens=java.base/sun.nio.ch=ALL-UNNAMED"
exec "$(dirname "$0")/peers.sh" "$@"
