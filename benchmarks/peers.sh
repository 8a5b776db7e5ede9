#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Compares dmalloc with its peers under one memory limit: builds what is missing or older than its
# sources, runs all, prints the table.
#
#   benchmarks/peers.sh                                         everything, in about a quarter of an hour; longer beside other work
#   benchmarks/peers.sh --json peers.json --html peers.html     and the report, and a page with plots
#   benchmarks/peers.sh --only panama,lmdb --workload random-read,batch-read --runs 5
#   benchmarks/peers.sh --help
#
#   DMALLOC_MAVEN_ARGS  further arguments for Maven: -o, -Dmaven.repo.local=DIR …
#   DMALLOC_JAVA_HOME   the Java to use, 25 or newer
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd -P)
lib=$root/benchmarks/target/peers
stamp=$lib/stamp

. "$root/distribution/src/main/layout/bin/find-java"
find_java || exit 69

stale() {
  [ ! -e "$stamp" ] || [ -n "$(find "$root/pom.xml" "$root"/*/pom.xml "$root"/*/bnd.bnd "$root"/*/src/main \
    \( -path "$root/testkit/*" -o -path "$root/itests/*" -o -path "$root/distribution/*" -o -path "$root/shell-*/*" \) \
    -prune -o -newer "$stamp" -print 2>/dev/null | head -n 1)" ]
}

if stale; then
  echo "peers: building; the first time takes some minutes" >&2
  begun=$(mktemp)
  trap 'rm -f "$begun"' EXIT
  [ -n "${JAVA_HOME:-}" ] || command -v java >/dev/null 2>&1 || export JAVA_HOME="$java_home"
  export JAVA25_HOME="$java_home"
  # The arguments for Maven are a list of words on purpose.
  # shellcheck disable=SC2086
  mvn -B -q ${DMALLOC_MAVEN_ARGS:-} -f "$root/pom.xml" -Ppeers -pl benchmarks -am package -Dmaven.test.skip=true >&2
  mv -f "$begun" "$stamp"
  trap - EXIT
fi

# The options of a program are a list of words on purpose.
# shellcheck disable=SC2086
exec "$java_home/bin/java" "-Xmx${DMALLOC_BENCHMARK_HEAP:-256m}" -XX:+UseSerialGC --enable-native-access=ALL-UNNAMED \
  ${DMALLOC_BENCHMARK_JVM:-} \
  -cp "$(printf '%s:' "$lib"/*.jar)" "${DMALLOC_BENCHMARK_MAIN:-org.dmalloc.benchmarks.peers.Peers}" "$@"
