#!/usr/bin/env bash
# Deploys a stack to a new kind cluster with the official images and plugins, and uses it as a person does.
# Usage: scripts/ci/official_images.sh dev|prod
set -euo pipefail
cd "$(dirname "$0")/../.."
shape=$1 context=kind-ls
python=${PYTHON:-.venv/bin/python}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/state"
export PULUMI_BACKEND_URL="file://$folder/state" PULUMI_CONFIG_PASSPHRASE=nothing-is-kept

kind create cluster --name ls --wait 180s
if [ "$shape" = prod ]; then
  helm upgrade --install cnpg cloudnative-pg --repo https://cloudnative-pg.github.io/charts \
    --namespace cnpg-system --create-namespace --wait
fi
"$python" -m scripts.ci.official_stack "$shape" "$context"
if ! make up CONTEXT="$context" YES=1; then
  make status CONTEXT="$context" || true
  kubectl --context "$context" get pods --all-namespaces
  exit 1
fi
pulumi stack output --json --show-secrets --stack "$context" --non-interactive >"$folder/outputs.json"
"$python" -m scripts.ci.walk "$folder/outputs.json" official docs/pictures
