# One image for each service; the argument is the workspace:
#
#   docker build --build-arg APP=apps/fhir-api --tag payer/fhir-api .
#
# The image runs its service; its other commands are arguments: `docker run … payer/fhir-api dist/migrate.js`.
# docs/deployment.md lists them.
ARG NODE_IMAGE=node:24-bookworm-slim

# The manifests alone, so that a change of source does not install again.
FROM ${NODE_IMAGE} AS manifests
WORKDIR /src
COPY . .
RUN find . -type f ! -name package.json ! -name package-lock.json ! -name .npmrc ! -path './tools/containers/*' -delete \
 && find . -type d -empty -delete \
 && node tools/containers/image/compile-only.mjs

# The packages that all services need to compile and to run, at the versions of the lock file. None needs its
# install script.
FROM ${NODE_IMAGE} AS installed
WORKDIR /src
COPY --from=manifests /src ./
RUN --mount=type=cache,target=/root/.npm npm install --ignore-scripts --no-fund --no-update-notifier

FROM installed AS compiled
COPY . .
RUN npx tsc -b apps/* tools/synthetic \
 && find apps libs tools -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.tsbuildinfo' \) ! -path '*/node_modules/*' -delete

# One service: its own dependencies, the libraries it uses, what was compiled of both.
FROM installed AS application
ARG APP
RUN node tools/containers/image/one-service.mjs "${APP}" \
 && npm prune --omit=dev --ignore-scripts --no-fund --no-update-notifier \
 && find . -path '*/node_modules/*' -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete
COPY --from=compiled /src /compiled
RUN mkdir /app \
 && for workspace in libs/* "${APP}"; do \
      for part in dist data; do if [ -d "/compiled/$workspace/$part" ]; then cp -r "/compiled/$workspace/$part" "$workspace/"; fi; done; \
    done \
 && cp -r --parents node_modules libs "${APP}" /app/

FROM ${NODE_IMAGE}
# Nothing is installed at run time. Three places to mount: files to load, the journal of ended facts, and the
# published directory.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn* /opt/yarn* \
 && install --directory --owner 1000 --group 1000 /data \
 && install --directory --owner 1000 --group 1000 --mode 700 /var/lib/payer/journal \
 && install --directory --owner 1000 --group 1000 /var/lib/payer/directory
ARG APP
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="${APP}" \
      org.opencontainers.image.description="SMART on FHIR for a health plan: ${APP}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0"
# With production, a service refuses to start with anything that is good enough for a single machine only.
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=8080 \
    INTERNAL_PORT=8081 \
    TZ=UTC
COPY --from=application /app /app
WORKDIR /app/${APP}
# `node` of the base image; a number, so that Kubernetes can tell that it is not root.
USER 1000:1000
EXPOSE 8080 8081
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
  CMD ["node", "-e", "require('node:http').get({ port: process.env.INTERNAL_PORT || process.env.PORT, path: '/health/ready' }, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
# The service itself is process 1 and gets the signals.
ENTRYPOINT ["node"]
CMD ["dist/main.js"]
