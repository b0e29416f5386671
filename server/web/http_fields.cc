#include "web/http_fields.h"

#include <algorithm>
#include <cctype>

namespace telltale::web {
namespace {

constexpr int kWhole = 1'000;

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// "0", "1", "0.5", "0.125", "1.000".
int parse_weight(std::string_view text) {
  if (text.empty() || (text[0] != '0' && text[0] != '1')) return 0;
  const bool one = text[0] == '1';
  text.remove_prefix(1);
  if (text.empty()) return one ? kWhole : 0;
  if (text[0] != '.' || text.size() > 4) return 0;
  int value = 0;
  int place = kWhole / 10;
  for (const char c : text.substr(1)) {
    if (!is_digit(c) || (one && c != '0')) return 0;
    value += (c - '0') * place;
    place /= 10;
  }
  return one ? kWhole : value;
}

std::string_view without_weakness(std::string_view tag) {
  if (tag.starts_with("W/")) tag.remove_prefix(2);
  return tag;
}

}  // namespace

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

std::vector<std::string_view> elements(std::string_view list) {
  std::vector<std::string_view> found;
  std::size_t from = 0;
  bool quoted = false;
  for (std::size_t i = 0; i <= list.size(); ++i) {
    if (i < list.size() && list[i] == '"') quoted = !quoted;
    if (i < list.size() && (list[i] != ',' || quoted)) continue;
    const std::string_view element = trim(list.substr(from, i - from));
    if (!element.empty()) found.push_back(element);
    from = i + 1;
  }
  return found;
}

std::string_view name_of_element(std::string_view element) {
  return trim(element.substr(0, element.find(';')));
}

int weight_of_element(std::string_view element) {
  while (true) {
    const std::size_t end = element.find(';');
    if (end == std::string_view::npos) return kWhole;
    element.remove_prefix(end + 1);
    const std::string_view parameter = trim(element.substr(0, element.find(';')));
    const std::size_t equals = parameter.find('=');
    if (equals == std::string_view::npos || !same_word(trim(parameter.substr(0, equals)), "q"))
      continue;
    return parse_weight(trim(parameter.substr(equals + 1)));
  }
}

bool names_tag(std::string_view if_none_match, std::string_view tag) {
  if (trim(if_none_match) == "*") return true;
  const std::vector<std::string_view> tags = elements(if_none_match);
  return std::any_of(tags.begin(), tags.end(), [&](std::string_view other) {
    return without_weakness(other) == without_weakness(tag);
  });
}

bool prefers_gzip(std::string_view accept_encoding) {
  int gzip = -1;
  int identity = -1;
  int others = -1;
  for (const std::string_view element : elements(accept_encoding)) {
    const std::string_view name = name_of_element(element);
    const int weight = weight_of_element(element);
    if (same_word(name, "gzip") || same_word(name, "x-gzip")) {
      gzip = std::max(gzip, weight);
    } else if (same_word(name, "identity")) {
      identity = std::max(identity, weight);
    } else if (name == "*") {
      others = std::max(others, weight);
    }
  }
  if (gzip < 0) gzip = others;
  return gzip > 0 && gzip >= identity;
}

bool accepts(std::string_view accept, std::string_view type) {
  const std::vector<std::string_view> types = elements(accept);
  return std::any_of(types.begin(), types.end(), [&](std::string_view element) {
    return same_word(name_of_element(element), type) && weight_of_element(element) > 0;
  });
}

}  // namespace telltale::web
