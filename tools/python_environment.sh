#!/usr/bin/env bash
# python_environment.sh: .venv with python/requirements.txt and requirements-dev.txt, for tests;
# made by uv, which comes into a venv of its own (.tools/uv). Nothing is done twice.
. "$(dirname "$0")/lib.sh"
need python
requirements=()
for file in python/requirements.txt python/requirements-dev.txt; do
  [ ! -f "$file" ] || requirements+=(-r "$file")
done
[ ${#requirements[@]} != 0 ] || exit 0
wanted=$(sum python/requirements*.txt)
if [ -x .venv/bin/python ] && fresh python "$wanted"; then exit 0; fi

install_uv() {
  python3 -m venv .tools/uv &&
    .tools/uv/bin/pip install -q --disable-pip-version-check uv
}
make_environment() {
  { [ -x .venv/bin/python ] ||
    .tools/uv/bin/uv venv --quiet --python "$(command -v python3)" .venv; } &&
  .tools/uv/bin/uv pip install --python .venv/bin/python "${requirements[@]}"
}
[ -x .tools/uv/bin/uv ] || step "uv" 5 install_uv
step "Python environment" 35 make_environment
stamp python "$wanted"
