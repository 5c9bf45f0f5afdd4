#!/usr/bin/env bash
# Makes the kubeconfig of KUBECONFIG_CONTENT the one of the following steps.
set -euo pipefail
if [ -z "${KUBECONFIG_CONTENT:-}" ]; then
  echo "error: the environment has no secret KUBECONFIG" >&2
  exit 1
fi
file="${RUNNER_TEMP:?}/kubeconfig"
(umask 077 && printf '%s\n' "$KUBECONFIG_CONTENT" >"$file")
echo "KUBECONFIG=$file" >>"${GITHUB_ENV:?}"
