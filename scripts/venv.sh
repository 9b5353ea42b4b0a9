#!/bin/sh
# Make .venv and install one locked set into it: run (the product), dev (with the tests' tools) or bench.
set -eu
set_name=$1
python=${PYTHON:-python3}
cd "$(dirname "$0")/.."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || {
    echo "Backline needs Python 3.11 or newer; $python is not. Set PYTHON=/path/to/python3.11 and try again." >&2
    exit 1
}
[ -x .venv/bin/python ] || { echo "making .venv"; "$python" -m venv .venv; }
uv=$(command -v uv || true)
if [ -z "$uv" ]; then
    uv=.venv/bin/uv
    [ -x "$uv" ] || .venv/bin/python -m pip install --quiet --disable-pip-version-check uv
fi
echo "installing the locked $set_name set"
VIRTUAL_ENV=$PWD/.venv "$uv" pip install --quiet --require-hashes -r "requirements/$set_name.lock"
VIRTUAL_ENV=$PWD/.venv "$uv" pip install --quiet --no-deps --no-build-isolation -e .
touch ".venv/$set_name.stamp"
