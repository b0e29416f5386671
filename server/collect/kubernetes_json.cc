#include "collect/kubernetes_json.h"

#include <chrono>

namespace telltale::collect {
namespace {

// `digits` digits from the front of `text`; -1 for anything else.
int take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return -1;
  int number = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return -1;
    number = number * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return number;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

std::string cut_text(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end));
}

Json Json::operator[](std::string_view name) const {
  simdjson::dom::object object;
  simdjson::dom::element found;
  if (!there_ || value_.get_object().get(object) != simdjson::SUCCESS) return {};
  return object.at_key(name).get(found) == simdjson::SUCCESS ? Json(found) : Json();
}

std::string_view Json::text() const {
  std::string_view found;
  return there_ && value_.get_string().get(found) == simdjson::SUCCESS ? found : "";
}

bool Json::flag(std::string_view name) const {
  const Json found = (*this)[name];
  bool set = false;
  return found.there_ && found.value_.get_bool().get(set) == simdjson::SUCCESS && set;
}

std::int64_t Json::number(std::string_view name, std::int64_t otherwise) const {
  const Json found = (*this)[name];
  std::int64_t told = 0;
  return found.there_ && found.value_.get_int64().get(told) == simdjson::SUCCESS ? told : otherwise;
}

std::int64_t Json::time_us(std::string_view name) const { return parse_time_us(text(name)); }

std::string Json::json() const { return there_ ? simdjson::minify(value_) : ""; }

std::int64_t parse_time_us(std::string_view text) {
  const int year = take_number(text, 4);
  const bool date = take(text, '-');
  const int month = take_number(text, 2);
  const bool day_follows = take(text, '-');
  const int day = take_number(text, 2);
  if (year < 0 || month < 1 || day < 1 || !date || !day_follows || !take(text, 'T')) return 0;
  const int hour = take_number(text, 2);
  if (!take(text, ':')) return 0;
  const int minute = take_number(text, 2);
  if (!take(text, ':')) return 0;
  const int second = take_number(text, 2);
  if (hour < 0 || minute < 0 || second < 0) return 0;
  std::int64_t fraction_us = 0;
  if (take(text, '.')) {
    std::int64_t unit_us = 100'000;
    for (int digit = take_number(text, 1); digit >= 0; digit = take_number(text, 1)) {
      fraction_us += digit * unit_us;
      unit_us /= 10;
    }
  }
  std::int64_t zone_s = 0;
  if (!take(text, 'Z')) {
    const bool east = take(text, '+');
    if (!east && !take(text, '-')) return 0;
    const int hours = take_number(text, 2);
    if (!take(text, ':')) return 0;
    const int minutes = take_number(text, 2);
    if (hours < 0 || minutes < 0) return 0;
    zone_s = (hours * 3600 + minutes * 60) * (east ? 1 : -1);
  }
  const std::chrono::year_month_day that_day{std::chrono::year(year),
                                             std::chrono::month(static_cast<unsigned>(month)),
                                             std::chrono::day(static_cast<unsigned>(day))};
  // Go's zero time stands for "never".
  if (!that_day.ok() || !text.empty() || year < 1970) return 0;
  const std::int64_t days = std::chrono::sys_days(that_day).time_since_epoch().count();
  return (days * 86'400 + hour * 3600 + minute * 60 + second - zone_s) * 1'000'000 + fraction_us;
}

}  // namespace telltale::collect
