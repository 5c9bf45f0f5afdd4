#!/usr/bin/env bash
# What a stack would consist of, checked against its policies: for pull requests of forks, which get no secrets.
# Usage: scripts/ci/preview_without_state.sh STACK REPORT
set -euo pipefail
cd "$(dirname "$0")/../.."
stack=$1 report=$2

status=0
findings=$("${PYTHON:-.venv/bin/python}" -m policies.manifests "$stack" 2>&1) || status=$?
images=$("${PYTHON:-.venv/bin/python}" -m scripts.images "$stack" 2>&1) || status=$?
{
  if [ "$status" = 0 ]; then printf '### %s: without state\n\n' "$stack"; else printf '### %s: **failed**\n\n' "$stack"; fi
  printf '````text\n%s\n\n%s\n````\n' "$findings" "$images"
} | tee "$report"
exit "$status"
