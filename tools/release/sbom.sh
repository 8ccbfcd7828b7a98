#!/usr/bin/env bash
# Prints the SBOM of the images' programs (CycloneDX, JSON), made from the lock file. It names the packages of
# the services' tests, too: `npm sbom --omit dev` would leave out a package of a service that is also a
# package of a test in another workspace.
set -euo pipefail
cd "$(dirname "$0")/../.."
npm sbom --package-lock-only --sbom-format cyclonedx \
  -w @payer/auth-server -w @payer/registration -w @payer/consent -w @payer/fhir-api
