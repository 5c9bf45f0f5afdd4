#!/usr/bin/env bash
# Fails and names them where objects of a stack's Helm release were deleted from the cluster.
# Usage: scripts/ci/lost_objects.sh STACK
set -euo pipefail
cd "$(dirname "$0")/../.."
pulumi stack export --stack "$1" --non-interactive | "${PYTHON:-.venv/bin/python}" -m scripts.release_objects "$1"
