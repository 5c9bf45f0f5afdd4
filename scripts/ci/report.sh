#!/usr/bin/env bash
# Shows a report in the summary of the run, and makes it the step's output "report". Usage: scripts/ci/report.sh REPORT
set -euo pipefail
report=$1

if [ ! -e "$report" ]; then
  echo "no report was written: an earlier step failed" >>"${GITHUB_STEP_SUMMARY:?}"
  exit 0
fi
cat "$report" >>"${GITHUB_STEP_SUMMARY:?}"
# No line of a report can be the end of this output: nobody knows it beforehand.
end=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
{
  printf 'report<<%s\n' "$end"
  cat "$report"
  printf '%s\n' "$end"
} >>"${GITHUB_OUTPUT:?}"
