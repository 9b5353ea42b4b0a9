#!/bin/sh
# Every check, each with its verdict; fails when one of them fails.
set -u
cd "$(dirname "$0")/.."
bin=.venv/bin
failed=""
check() {
    name=$1
    shift
    printf '── %s\n' "$name"
    if "$@"; then
        verdicts="$verdicts
  ok      $name"
    else
        failed="$failed $name"
        verdicts="$verdicts
  FAILED  $name"
    fi
}
verdicts=""
check format "$bin/ruff" format --check --quiet .
check lint "$bin/ruff" check --quiet --output-format concise .
check types "$bin/mypy" --no-error-summary
check imports "$bin/lint-imports" --no-cache --no-logo
check house "$bin/python" -m pytest -n 0 tests/test_house.py
printf '── verdicts%s\n' "$verdicts"
if [ -n "$failed" ]; then
    printf 'make check: failed:%s\n' "$failed" >&2
    exit 1
fi
