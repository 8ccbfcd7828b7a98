#!/usr/bin/env bash
# The SBOM of the images' programs (CycloneDX, JSON), from the lock file, on standard output. It names the packages that the services'
# tests need, too: `npm sbom --omit dev` would leave out a package that a service needs and a test of another workspace needs as well.
set -euo pipefail
cd "$(dirname "$0")/../.."
npm sbom --package-lock-only --sbom-format cyclonedx \
  -w @payer/auth-server -w @payer/registration -w @payer/consent -w @payer/fhir-api
