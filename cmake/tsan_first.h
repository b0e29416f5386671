// Before everything else in a ThreadSanitizer build. Protobuf's map fields have two members more
// where the compiler says that it sanitizes threads, and Debian's library is compiled without them.
// libstdc++ decides in its first header, before the word is taken back.
#pragma once

#include <cstddef>

#undef __SANITIZE_THREAD__
