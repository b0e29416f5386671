#include "base/rejections.h"

#include <fmt/format.h>

#include "base/limits.h"

namespace telltale {
namespace {

std::string sample_of(std::string_view raw) {
  std::string sample;
  for (const char c : raw.substr(0, limits::kRejectionSampleBytes)) {
    if (c >= 0x20 && c < 0x7f) {
      sample += c;
    } else {
      sample += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    }
  }
  return sample;
}

}  // namespace

void Rejections::add(EpochUs at, std::string code, std::string message, std::string_view raw) {
  ++total_;
  if (kept_.size() >= limits::kRejections) kept_.pop_front();
  kept_.push_back({at, std::move(code), std::move(message), sample_of(raw)});
}

}  // namespace telltale
