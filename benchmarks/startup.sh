#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# Measures the time from a start to its first output: `./dmalloc providers` beside a bare Felix with
# SCR and Gogo, turn by turn in one run, so that both meet the same noise.
#
#   benchmarks/startup.sh [ROUNDS]
set -euo pipefail

rounds=${1:-15}
root=$(cd "$(dirname "$0")/.." && pwd -P)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$root/dmalloc" providers >/dev/null # builds what is missing
home=$root/distribution/target/run/$(cat "$root/distribution/target/run/current")
. "$home/bin/find-java"
find_java

felix=$(echo "$home"/lib/org.apache.felix.framework-*.jar)
bare_bundles=()
for name in org.osgi.util.function org.osgi.util.promise org.osgi.service.component \
  org.apache.felix.scr org.apache.felix.gogo.runtime; do
  bare_bundles+=("$home/bundles/runtime/$name"-*.jar)
done
"$java_home/bin/javac" -cp "$felix" -d "$work" "$root/benchmarks/startup/BareFelix.java"
"$java_home/bin/jar" -cf "$work/bare.jar" -C "$work" BareFelix.class

flags=(-XX:-UsePerfData -XX:+UseSerialGC -XX:TieredStopAtLevel=1 --sun-misc-unsafe-memory-access=allow)
bare_default() { "$java_home/bin/java" --sun-misc-unsafe-memory-access=allow -cp "$felix:$work/bare.jar" BareFelix "${bare_bundles[@]}"; }
bare_tuned() { "$java_home/bin/java" "${flags[@]}" -cp "$felix:$work/bare.jar" BareFelix "${bare_bundles[@]}"; }
bare_cached() { "$java_home/bin/java" "${flags[@]}" -XX:AOTCache="$work/bare.aot" -cp "$felix:$work/bare.jar" BareFelix "${bare_bundles[@]}"; }
dmalloc_cached() { "$root/dmalloc" providers; }
dmalloc_uncached() { DMALLOC_AOT=off "$root/dmalloc" providers; }
"$java_home/bin/java" "${flags[@]}" -XX:AOTCacheOutput="$work/bare.aot" -cp "$felix:$work/bare.jar" BareFelix "${bare_bundles[@]}" >/dev/null 2>&1

# first_output COMMAND: milliseconds until it has written its first byte.
first_output() {
  local begin=${EPOCHREALTIME/[.,]/} end
  # The reader leaves after the first byte; the rest of the start is not measured.
  exec 3< <("$1" 2>/dev/null)
  local process=$!
  read -r -N 1 -u 3 _
  end=${EPOCHREALTIME/[.,]/}
  cat <&3 >/dev/null
  exec 3<&-
  wait "$process" || true
  echo $(((end - begin) / 1000))
}

contenders=(bare_default bare_tuned bare_cached dmalloc_uncached dmalloc_cached)
for c in "${contenders[@]}"; do first_output "$c" >/dev/null; done # warms the page cache
for ((i = 0; i < rounds; i++)); do
  for c in "${contenders[@]}"; do first_output "$c" >>"$work/$c"; done
done

median() { sort -n "$work/$1" | sed -n "$(((rounds + 1) / 2))p"; }
least() { sort -n "$work/$1" | head -n 1; }
declare -A title=(
  [bare_default]="bare Felix + SCR + Gogo, Java as it comes"
  [bare_tuned]="bare Felix + SCR + Gogo, our Java options"
  [bare_cached]="bare Felix + SCR + Gogo, our options, class cache"
  [dmalloc_uncached]="./dmalloc providers, DMALLOC_AOT=off"
  [dmalloc_cached]="./dmalloc providers"
)
base=$(median bare_default)
printf '%d rounds, ms to the first output\n%-52s %8s %8s %7s\n' "$rounds" '' least median ratio
for c in "${contenders[@]}"; do
  printf '%-52s %8d %8d %7s\n' "${title[$c]}" "$(least "$c")" "$(median "$c")" \
    "$(awk "BEGIN { printf \"%.2f\", $(median "$c") / $base }")"
done
