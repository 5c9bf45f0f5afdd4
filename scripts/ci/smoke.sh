#!/usr/bin/env bash
# Whether the page of a deployed stack answers, by its health check; then the outputs, without secrets.
# Usage: scripts/ci/smoke.sh STACK
set -euo pipefail
cd "$(dirname "$0")/../.."
stack=$1

url=$(pulumi stack output url --stack "$stack" --non-interactive)
if [ -z "$url" ] || [ "$url" = null ]; then
  echo "error: the stack has no address; set labelStudio.ingress or labelStudio.url" >&2
  exit 1
fi
curl --fail --silent --show-error --output /dev/null --retry 10 --retry-all-errors --retry-delay "${DELAY:-6}" \
  --max-time 20 "$url/health"
echo "$url answers."
pulumi stack output --stack "$stack" --json --non-interactive
