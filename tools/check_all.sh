#!/usr/bin/env bash
# check_all.sh: the C++ tests under AddressSanitizer and UBSan, under ThreadSanitizer, and as clang
# builds them.
. "$(dirname "$0")/lib.sh"
exec tools/test.sh --only asan tsan clang
