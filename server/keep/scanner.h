// Scanner: takes words and numbers from the front of a text of "name value" lines, as the objects
// in the store have them; one miss and it is no longer good(), and what it gives from then on means
// nothing. Refers to a text of its caller. Pure.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/ids.h"

namespace telltale::keep {

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool good() const { return good_; }
  bool at_end() const { return text_.empty(); }
  std::size_t left() const { return text_.size(); }
  bool starts_with(std::string_view word) const { return text_.substr(0, word.size()) == word; }

  void word(std::string_view word) {
    good_ = good_ && starts_with(word);
    if (good_) text_.remove_prefix(word.size());
  }

  std::uint64_t number(int base = 10) {
    std::uint64_t number = 0;
    const auto [end, error] =
        std::from_chars(text_.data(), text_.data() + text_.size(), number, base);
    good_ = good_ && error == std::errc{};
    if (good_) text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
    return number;
  }

  RunKey run() {
    const std::optional<RunKey> key = RunKey::parse(text_.substr(0, kIdLength));
    good_ = good_ && key.has_value();
    if (good_) text_.remove_prefix(kIdLength);
    return key.value_or(RunKey());
  }

  // "<name> <number>\n"
  std::uint64_t field(std::string_view name, int base = 10) {
    word(name);
    word(" ");
    const std::uint64_t value = number(base);
    word("\n");
    return value;
  }

 private:
  std::string_view text_;
  bool good_ = true;
};

}  // namespace telltale::keep
