#!/usr/bin/env bash
# Validates FHIR resources with the HL7 validator's engine against R4 and the guides in data/igs, without a
# network.
#   bash tools/validator/validate.sh [--sample N] [--warnings] [--threads N] FILE.ndjson|FILE.json|FILE.tgz|DIRECTORY …
# Exit code 0: no error; 1: at least one error; 2: it could not run.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
jar=$here/target/validator.jar

fail() {
  printf '%s\n' "$@" >&2
  exit 2
}

command -v java >/dev/null || fail 'java is not installed. The validator needs Java 17 or newer (Debian: apt install openjdk-17-jdk-headless maven).'
version=$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -1)
[ "${version:-0}" -ge 17 ] || fail "Java ${version:-of an unknown version} is too old: the validator needs Java 17 or newer."

is_built() {
  [ -f "$jar" ] && [ -z "$(find "$here/pom.xml" "$here/src/main" -newer "$jar" -print -quit)" ]
}

build() {
  is_built && return
  command -v mvn >/dev/null || fail 'mvn is not installed. Building the validator needs Apache Maven (Debian: apt install maven).'
  echo 'Building the validator (the first time, Maven downloads about 150 MB) …' >&2
  mvn -q -B -f "$here/pom.xml" package >&2 || fail 'The validator could not be built; see above what Maven said.'
}

# Two runs at once must not build into each other's files.
if ! is_built && command -v flock >/dev/null; then
  mkdir -p "$here/target"
  exec 9>"$here/target/.lock"
  flock 9
  build
  exec 9>&-
else
  build
fi

exec java -Xmx2g -XX:+UseParallelGC -Dorg.slf4j.simpleLogger.defaultLogLevel=error \
  -jar "$jar" --guides "$here/../../data/igs" "$@"
