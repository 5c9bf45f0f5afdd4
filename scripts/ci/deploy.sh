#!/usr/bin/env bash
# Deploys a stack under its policies. Usage: scripts/ci/deploy.sh STACK
set -euo pipefail
cd "$(dirname "$0")/../.."
stack=$1

"${PYTHON:-.venv/bin/python}" -m scripts.server_check "$stack"
config=$("${PYTHON:-.venv/bin/python}" -m policies.stacks "$stack")
exec pulumi up --stack "$stack" --yes --non-interactive --color never --policy-pack policies --policy-pack-config "$config"
