#!/usr/bin/env bash
# python_environment.sh: .venv as pipelines need it (python/requirements.txt), and on top of that
# what tests (requirements-dev.txt) and render workers need (requirements-render.txt). Nothing is
# done twice.
. "$(dirname "$0")/lib.sh"
need python
[ -f python/requirements.txt ] || exit 0
step "Python environment" 45 python3 python/local_target/setup_environment.py .venv
wanted=$(sum python/requirements-dev.txt python/requirements-render.txt)
add_tools() {
  .venv/bin/uv pip install --python .venv/bin/python -r python/requirements-dev.txt \
    -r python/requirements-render.txt
}
if [ ! -x .venv/bin/pytest ] || ! fresh python-dev "$wanted"; then
  step "Python tools for tests" 5 add_tools
  stamp python-dev "$wanted"
fi
