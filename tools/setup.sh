#!/usr/bin/env bash
# setup.sh PURPOSE...: installs what these need (build page python test bench format clang), and
# nothing that is there already.
. "$(dirname "$0")/lib.sh"

packages=()
for purpose in "$@"; do packages+=("$purpose"); done
need "${packages[@]}"

npm_ci() { (cd ui && npm ci --no-audit --no-fund); }
python_environment() { tools/python_environment.sh; }

for purpose in "$@"; do
  case $purpose in
    page)
      [ -f ui/package-lock.json ] || continue
      use_node
      lock=$(sum ui/package-lock.json)-$(node --version)
      if [ ! -d ui/node_modules ] || ! fresh npm "$lock"; then
        step "npm ci" 12 npm_ci
        stamp npm "$lock"
      fi
      ;;
    python)
      [ -f python/requirements.txt ] || continue
      python_environment
      ;;
  esac
done
