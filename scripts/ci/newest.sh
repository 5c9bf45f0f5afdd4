#!/usr/bin/env bash
# Whether a commit is still the newest of main, so that nobody brings an older one back by approving its run late.
# Usage: scripts/ci/newest.sh REPOSITORY COMMIT   (gh must be logged in)
set -euo pipefail
repository=$1 commit=$2

newest=$(gh api "repos/$repository/commits/main" --jq .sha)
if [ "$newest" != "$commit" ]; then
  echo "error: main is at $newest by now, not at $commit; approve the run of the newest commit" >&2
  exit 1
fi
