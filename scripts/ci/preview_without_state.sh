#!/usr/bin/env bash
# Previews a stack as if nothing of it were deployed: for pull requests, whose code gets no
# key of prod, or none at all. Neither an account nor a cluster is asked.
# Usage: scripts/ci/preview_without_state.sh STACK REPORT
set -euo pipefail
cd "$(dirname "$0")/../.."
stack=$1 report=$2

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/state" "$folder/project"
export PULUMI_BACKEND_URL="file://$folder/state" PULUMI_CONFIG_PASSPHRASE=nothing-is-kept

"${PYTHON:-.venv/bin/python}" -m scripts.stack_without_secrets "$stack" "$folder/project"
NOTE='As if nothing of it were deployed: without its state, its keys and its cluster.' \
  "${PYTHON:-.venv/bin/python}" -m scripts.preview_api "$stack" "$folder/kubeconfig" \
  scripts/ci/preview.sh "$stack" "$report" --config-file "$folder/project/Pulumi.$stack.yaml"
