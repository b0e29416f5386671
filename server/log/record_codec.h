// record_codec: a batch of records as one blob and back, the unit in which sqlite_log keeps a
// partition. Little endian: u32 count, then per record i64 timestamp, u32 key and value length,
// bytes. Checked with a CRC-32 at the end, so that a damaged file is told from an empty one. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ports/log.h"

namespace telltale::log {

std::string encode_records(const std::vector<const ports::Record*>& records);
Result<std::vector<ports::Record>> decode_records(std::string_view blob);

}  // namespace telltale::log
