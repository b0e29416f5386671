// Blocks of the log as the file gives them back, also with the checksum that belongs to them: what
// can be read is written the same again.
#include <zlib.h>

#include <cstring>

#include "fuzz/harness.h"
#include "log/record_codec.h"

namespace {

void try_block(std::string_view blob) {
  const auto records = telltale::log::decode_records(blob);
  if (!records.ok()) return;
  std::vector<const telltale::ports::Record*> pointers;
  for (const telltale::ports::Record& record : records.value()) pointers.push_back(&record);
  CHECK(telltale::log::encode_records(pointers) == blob, "a block changes when written again");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try_block(telltale::fuzz::text_of(data, size));
  const auto sum = static_cast<std::uint32_t>(::crc32(0, data, static_cast<uInt>(size)));
  std::string sealed(telltale::fuzz::text_of(data, size));
  sealed.append(reinterpret_cast<const char*>(&sum), sizeof(sum));
  try_block(sealed);
  return 0;
}
