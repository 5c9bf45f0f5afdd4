#!/usr/bin/env bash
# Deploys a stack under its policies, and tells what it waits for meanwhile. Usage: scripts/ci/deploy.sh STACK
set -euo pipefail
cd "$(dirname "$0")/../.."
stack=$1

python=${PYTHON:-.venv/bin/python}

"$python" -m scripts.server_check "$stack"
config=$("$python" -m policies.stacks "$stack")
exec "$python" -m scripts.waiting "$stack" -- pulumi up --stack "$stack" --yes --non-interactive --color never \
  --policy-pack policies --policy-pack-config "$config"
