#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Measures checkpoints: how long changed pages take until they are durable, beside plain writes,
# msync, LMDB, a full copy and FICLONE; what threads that store meanwhile see of them; and how long
# a region takes to open with a checkpoint that is not in its file yet. Builds what is missing, as
# peers.sh does.
#
#   benchmarks/checkpoint.sh                                          all, in about an hour
#   benchmarks/checkpoint.sh --quick                                  a short round of all
#   benchmarks/checkpoint.sh --part durable --only plain,checkpoint,lmdb --changed 1
#   benchmarks/checkpoint.sh --help
set -euo pipefail
export DMALLOC_BENCHMARK_MAIN=org.dmalloc.benchmarks.checkpoint.CheckpointBenchmarks
# What LMDB's library for Java asks for.
export DMALLOC_BENCHMARK_JVM="--add-opens=java.base/java.nio=ALL-UNNAMED --add-opens=java.base/sun.nio.ch=ALL-UNNAMED"
exec "$(dirname "$0")/peers.sh" "$@"
