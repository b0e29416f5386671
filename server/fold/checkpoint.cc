#include "fold/checkpoint.h"

#include <fmt/format.h>

#include <charconv>

namespace telltale::fold {
namespace {

constexpr std::string_view kHead = "telltale checkpoint 1\n";

// Takes "<name> <number>\n" from the front.
bool take_field(std::string_view& text, std::string_view name, std::uint64_t& number) {
  if (text.substr(0, name.size()) != name) return false;
  text.remove_prefix(name.size());
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const auto used = static_cast<std::size_t>(end - text.data());
  if (error != std::errc{} || used >= text.size() || text[used] != '\n') return false;
  text.remove_prefix(used + 1);
  return true;
}

}  // namespace

std::string encode_checkpoint(const Checkpoint& checkpoint) {
  return fmt::format("{}next {}\nfold_version {}\n", kHead, to_number(checkpoint.next),
                     checkpoint.fold_version);
}

Result<Checkpoint> decode_checkpoint(std::string_view bytes) {
  std::uint64_t next = 0;
  std::uint64_t version = 0;
  std::string_view text = bytes;
  const bool known = text.substr(0, kHead.size()) == kHead;
  if (known) text.remove_prefix(kHead.size());
  if (!known || !take_field(text, "next ", next) || !take_field(text, "fold_version ", version) ||
      !text.empty()) {
    return Error{ErrorCode::corrupt, "The checkpoint is not what was written."};
  }
  return Checkpoint{LogOffset{next}, static_cast<std::uint32_t>(version)};
}

std::string checkpoint_key(int partition) {
  return fmt::format("partitions/{}/checkpoint", partition);
}

std::string snapshot_key(const RunKey& run) { return "runs/" + run.text() + "/snapshot"; }

}  // namespace telltale::fold
