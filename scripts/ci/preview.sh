#!/usr/bin/env bash
# Previews a stack under its policies and writes what happened as Markdown, whether it went well or not.
# Usage: [NOTE=text] scripts/ci/preview.sh STACK REPORT [flags of pulumi preview]
set -euo pipefail
cd "$(dirname "$0")/../.."
stack=$1 report=$2
shift 2

config=$("${PYTHON:-.venv/bin/python}" -m policies.stacks "$stack")

# What an exception waives is shown with its reason, by a CLI that knows exceptions (3.274 and newer).
shown=()
if pulumi preview --help 2>/dev/null | grep -q -e --show-policy-exceptions; then shown=(--show-policy-exceptions); fi

output=$(mktemp)
trap 'rm -f "$output"' EXIT
status=0
pulumi preview --stack "$stack" --non-interactive --color never \
  --policy-pack policies --policy-pack-config "$config" "${shown[@]}" "$@" 2>&1 | tee "$output" || status=$?

# Comments may have 65536 characters, and what matters (violations, the summary) is at the end.
{
  if [ "$status" = 0 ]; then printf '### %s: preview\n\n' "$stack"; else printf '### %s: preview **failed**\n\n' "$stack"; fi
  if [ -n "${NOTE:-}" ]; then printf '%s\n\n' "$NOTE"; fi
  printf '<details><summary>What Pulumi says</summary>\n\n````text\n'
  tail -c 25000 "$output"
  printf '\n````\n\n</details>\n'
} >"$report"
exit "$status"
