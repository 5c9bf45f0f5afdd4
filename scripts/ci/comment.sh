#!/usr/bin/env bash
# Writes reports into one comment of a pull request, made once and updated from then on.
# Usage: scripts/ci/comment.sh REPOSITORY PULL_REQUEST [STACK REPORT]...   (gh must be logged in)
set -euo pipefail
repository=$1 number=$2
shift 2

marker='<!-- label-studio preview -->'
body=$(mktemp)
trap 'rm -f "$body"' EXIT
printf '%s\n' "$marker" >"$body"
while [ $# -gt 0 ]; do
  printf '%s\n\n' "${2:-"### $1

There is no preview here: a step failed, or the report may hold a secret. See the summary of the run."}" >>"$body"
  shift 2
done

comment=$(gh api --paginate "repos/$repository/issues/$number/comments" \
  --jq ".[] | select(.user.login == \"github-actions[bot]\" and (.body | startswith(\"$marker\"))) | .id" | head -n 1)
if [ -n "$comment" ]; then
  gh api --method PATCH "repos/$repository/issues/comments/$comment" --field "body=@$body" --silent
else
  gh api --method POST "repos/$repository/issues/$number/comments" --field "body=@$body" --silent
fi
