#include "keep/event_block.h"

#include <fmt/format.h>
#include <zstd.h>

#include "base/limits.h"
#include "base/sha256.h"
#include "keep/scanner.h"

namespace telltale::keep {
namespace {

constexpr std::string_view kHead = "telltale events 1\n";
constexpr std::string_view kHead2 = "telltale events 2\n";   // and says what it follows
constexpr std::string_view kSkippable = "\x54\x2a\x4d\x18";  // of zstd's frames that say nothing
constexpr std::size_t kSkippableBytes = 8;                   // its magic number and its length
constexpr int kLevel = 1;  // of zstd: the loop waits for it, and higher ones save little

void put_number(std::string& out, std::uint64_t number) {
  for (; number > 0x7f; number >>= 7) out += static_cast<char>(number | 0x80);
  out += static_cast<char>(number);
}

// Small numbers of either sign become small ones.
std::uint64_t zigzag(std::uint64_t number) { return (number << 1) ^ (0 - (number >> 63)); }
std::uint64_t unzigzag(std::uint64_t number) { return (number >> 1) ^ (0 - (number & 1)); }

// False at the end of `rest`, and for what put_number() would have written in another way.
bool take_number(std::string_view& rest, std::uint64_t* number) {
  *number = 0;
  for (std::size_t i = 0; i < 10 && i < rest.size(); ++i) {
    const auto byte = static_cast<unsigned char>(rest[i]);
    if (i == 9 && byte > 1) return false;
    *number |= static_cast<std::uint64_t>(byte & 0x7fU) << (7 * i);
    if (byte > 0x7f) continue;
    rest.remove_prefix(i + 1);
    return i == 0 || byte != 0;
  }
  return false;
}

std::string compress(std::string_view content) {
  std::string frame(ZSTD_compressBound(content.size()), '\0');
  const std::size_t size =
      ZSTD_compress(frame.data(), frame.size(), content.data(), content.size(), kLevel);
  CHECK(ZSTD_isError(size) == 0, "events cannot be compressed: {}", ZSTD_getErrorName(size));
  frame.resize(size);
  return frame;
}

std::string with_checksum(std::string_view head, std::string_view frame) {
  const std::uint64_t sum = checksum(std::string(head).append(frame));
  const std::string text = fmt::format("{}checksum {:016x}\n", head, sum);
  std::string block(kSkippable);
  for (int shift = 0; shift < 32; shift += 8) block += static_cast<char>(text.size() >> shift);
  return block.append(text).append(frame);
}

Error broken(std::string_view why) {
  return {ErrorCode::corrupt, fmt::format("The event block is not what was written: {}.", why)};
}

// The lines of a block; empty where there are none.
std::string_view head_of(std::string_view bytes) {
  if (bytes.size() < kSkippableBytes || bytes.substr(0, kSkippable.size()) != kSkippable) return {};
  std::size_t size = 0;
  for (std::size_t i = 0; i < 4; ++i)
    size |= static_cast<std::size_t>(static_cast<unsigned char>(bytes[4 + i])) << (8 * i);
  bytes.remove_prefix(kSkippableBytes);
  if (size > limits::kEventBlockHeadBytes || size > bytes.size()) return {};
  return bytes.substr(0, size);
}

}  // namespace

void EventBlockBuilder::add(const ArchivedEvent& event) {
  CHECK(empty() || event.offset > last_, "offset {} after {}", to_number(event.offset),
        to_number(last_));
  if (empty()) first_ = last_ = event.offset;
  put_number(content_, to_number(event.offset) - to_number(last_));
  put_number(content_, zigzag(static_cast<std::uint64_t>(event.timestamp_us) -
                              static_cast<std::uint64_t>(timestamp_us_)));
  put_number(content_, event.value.size());
  content_ += event.value;
  last_ = event.offset;
  timestamp_us_ = event.timestamp_us;
  ++events_;
}

std::string EventBlockBuilder::encode(const RunKey& run) const {
  const std::string after = after_ ? fmt::format("after {}\n", to_number(*after_)) : "";
  const std::string head =
      fmt::format("{}run {}\nfirst {}\nlast {}\n{}events {}\nbytes {}\n", after_ ? kHead2 : kHead,
                  run.text(), to_number(first_), to_number(last_), after, events_, content_.size());
  return with_checksum(head, compress(content_));
}

EventBlock EventBlockBuilder::gathered(const RunKey& run) const {
  EventBlock block;
  block.run_ = run;
  block.after_ = after_;
  block.content_.assign(content_.begin(), content_.end());
  CHECK(block.read_events(first_), "what was gathered cannot be read");
  return block;
}

bool EventBlock::read_events(LogOffset first) {
  std::string_view rest(content_.data(), content_.size());
  ArchivedEvent event{first, 0, {}};
  while (!rest.empty()) {
    std::uint64_t step = 0;
    std::uint64_t time_step = 0;
    std::uint64_t size = 0;
    if (!take_number(rest, &step) || !take_number(rest, &time_step) || !take_number(rest, &size))
      return false;
    const std::uint64_t offset = to_number(event.offset) + step;
    const bool ascends = events_.empty() ? step == 0 : offset > to_number(event.offset);
    if (!ascends || size > rest.size()) return false;
    event.offset = LogOffset{offset};
    event.timestamp_us = static_cast<std::int64_t>(static_cast<std::uint64_t>(event.timestamp_us) +
                                                   unzigzag(time_step));
    event.value = rest.substr(0, size);
    rest.remove_prefix(size);
    events_.push_back(event);
  }
  return !events_.empty();
}

Result<EventBlock> decode_event_block(std::string_view bytes) {
  const std::string_view head = head_of(bytes);
  Scanner scanner(head);
  EventBlock block;
  const bool follows = scanner.starts_with(kHead2);
  scanner.word(follows ? kHead2 : kHead);
  scanner.word("run ");
  block.run_ = scanner.run();
  scanner.word("\n");
  const LogOffset first{scanner.field("first")};
  const LogOffset last{scanner.field("last")};
  if (follows) block.after_ = LogOffset{scanner.field("after")};
  const std::uint64_t events = scanner.field("events");
  const std::uint64_t size = scanner.field("bytes");
  const std::size_t summed = head.size() - scanner.left();
  const std::uint64_t sum = scanner.field("checksum", 16);
  if (!scanner.good() || !scanner.at_end())
    return broken("its first lines are none of this version");
  const std::string_view frame = bytes.substr(kSkippableBytes + head.size());
  if (with_checksum(head.substr(0, summed), frame) != bytes)
    return broken(fmt::format("its checksum is not {:016x}", sum));
  if (size > limits::kEventBlockBytesMax ||
      ZSTD_getFrameContentSize(frame.data(), frame.size()) != size)
    return broken("its size contradicts itself");
  block.content_.resize(size);
  if (ZSTD_decompress(block.content_.data(), size, frame.data(), frame.size()) != size)
    return broken("it cannot be decompressed");
  if (!block.read_events(first) || block.last() != last || block.events_.size() != events ||
      (follows && *block.after_ >= first))
    return broken("its events contradict its first lines");
  return block;
}

std::string event_blocks_prefix(const RunKey& run) { return "runs/" + run.text() + "/events/"; }

std::string event_block_key(const RunKey& run, const EventBlockId& block) {
  return fmt::format("{}{:020}-{}", event_blocks_prefix(run), to_number(block.first),
                     block.generation);
}

std::optional<EventBlockId> parse_event_block_id(std::string_view text) {
  Scanner scanner(text);
  EventBlockId id;
  id.first = LogOffset{scanner.number()};
  scanner.word("-");
  id.generation = scanner.number();
  if (!scanner.good() || !scanner.at_end() || text.find('-') != 20) return std::nullopt;
  return id;
}

}  // namespace telltale::keep
