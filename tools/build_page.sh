#!/usr/bin/env bash
# build_page.sh: ui/dist from ui/ and schema/, where they changed since it was built.
. "$(dirname "$0")/lib.sh"
[ -f ui/package.json ] || exit 0
use_node

sources=$(sum ui schema server/base/version.h -not -path 'ui/dist/*' -not -path 'ui/test*')
if [ ! -f ui/dist/index.html ] || ! fresh page "$sources"; then
  npm_build() { (cd ui && npm run build); }
  step "build the page" 15 npm_build
  stamp page "$sources"
fi
