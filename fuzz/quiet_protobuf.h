// Harnesses that parse protobuf: what it finds wrong it would else write to stderr, at every input.
#pragma once

#include <google/protobuf/stubs/logging.h>

namespace telltale::fuzz {

inline const auto kLogOfProtobuf = google::protobuf::SetLogHandler(nullptr);

}  // namespace telltale::fuzz
