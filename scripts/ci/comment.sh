#!/usr/bin/env bash
# Writes reports into one comment of a pull request, made once and updated from then on.
# Usage: scripts/ci/comment.sh REPOSITORY PULL_REQUEST REPORT...   (gh must be logged in)
set -euo pipefail
repository=$1 number=$2
shift 2

marker='<!-- label-studio preview -->'
body=$(mktemp)
trap 'rm -f "$body"' EXIT
printf '%s\n' "$marker" >"$body"
for report in "$@"; do
  if [ -e "$report" ]; then
    cat "$report"
  else
    printf '### %s\n\nThere is no preview: an earlier step failed.\n' "$(basename "$report" .md)"
  fi
  printf '\n'
done >>"$body"

comment=$(gh api --paginate "repos/$repository/issues/$number/comments" \
  --jq ".[] | select(.body | startswith(\"$marker\")) | .id" | head -n 1)
if [ -n "$comment" ]; then
  gh api --method PATCH "repos/$repository/issues/comments/$comment" --field "body=@$body" --silent
else
  gh api --method POST "repos/$repository/issues/$number/comments" --field "body=@$body" --silent
fi
