// Event blocks as a store gives them back, damaged or not: what can be read is written again with
// the same events. The first byte says whether the rest is a block, or the content of one: that is
// also tried with the lines and the checksum that belong to it, or nothing would ever get behind
// those.
#include <fmt/format.h>
#include <zstd.h>

#include "base/sha256.h"
#include "fuzz/harness.h"
#include "keep/event_block.h"

namespace {

namespace keep = telltale::keep;

void try_block(std::string_view bytes) {
  const auto block = keep::decode_event_block(bytes);
  if (!block.ok()) return;
  keep::EventBlockBuilder builder;
  for (const keep::ArchivedEvent& event : block->events()) builder.add(event);
  if (block->after()) builder.follow(*block->after());
  const auto again = keep::decode_event_block(builder.encode(block->run()));
  CHECK(again.ok(), "a block that was read cannot be written: {}", again.error().message);
  CHECK(again->run() == block->run() && again->after() == block->after() &&
            again->events() == block->events(),
        "a block changes when written again");
}

// "<first> <last> <events>\n<content>"
std::string sealed(std::string_view rest) {
  const std::string_view first = telltale::fuzz::take_until(rest, ' ');
  const std::string_view last = telltale::fuzz::take_until(rest, ' ');
  const std::string_view events = telltale::fuzz::take_until(rest, '\n');
  std::string frame(ZSTD_compressBound(rest.size()), '\0');
  frame.resize(ZSTD_compress(frame.data(), frame.size(), rest.data(), rest.size(), 1));
  std::string head = fmt::format(
      "telltale events 1\nrun {}\nfirst {}\nlast {}\nevents {}\nbytes {}\n",
      telltale::make_run_key("fuzz", "", "run", "").text(), first, last, events, rest.size());
  head += fmt::format("checksum {:016x}\n", telltale::checksum(head + frame));
  std::string block = "\x54\x2a\x4d\x18";
  for (int shift = 0; shift < 32; shift += 8) block += static_cast<char>(head.size() >> shift);
  return block + head + frame;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes = telltale::fuzz::text_of(data + 1, size - 1);
  try_block(data[0] == 'c' ? sealed(bytes) : std::string(bytes));
  return 0;
}
