#!/usr/bin/env bash
# Settings from KAFKA_… variables by the same class that the official image runs; storage formatted at the
# first start.
set -euo pipefail
java=(java -Djava.awt.headless=true -Dlog4j2.configurationFile=/etc/kafka/docker/log4j2.properties -cp '/opt/kafka/libs/*')
said=$("${java[@]}" -Xmx256m kafka.docker.KafkaDockerWrapper setup \
  --default-configs-dir /etc/kafka/docker --mounted-configs-dir /mnt/shared/config --final-configs-dir /opt/kafka/config 2>&1) ||
  grep -qi 'already formatted' <<<"$said" || { echo "$said" && exit 1; }
# shellcheck disable=SC2086 # several options
exec "${java[@]}" ${KAFKA_HEAP_OPTS:--Xmx512m} -XX:+UseG1GC kafka.Kafka /opt/kafka/config/server.properties
