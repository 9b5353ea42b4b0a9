#!/bin/sh
# Resolve every dependency again into requirements/*.lock: name, version and hash, no addresses.
set -eu
cd "$(dirname "$0")/.."
uv=$(command -v uv || echo .venv/bin/uv)
lock() {
    out=$1
    shift
    "$uv" pip compile --quiet --universal --generate-hashes --no-header --no-emit-index-url \
        --python-version 3.11 --output-file "requirements/$out.lock" pyproject.toml "$@"
}
lock run --group build
lock dev --group build --group dev
lock bench --group build --group dev --group bench
