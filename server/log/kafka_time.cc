#include "log/kafka_time.h"

#include <algorithm>
#include <chrono>

namespace telltale::log {
namespace {

namespace chrono = std::chrono;
using Us = chrono::microseconds;

constexpr std::int64_t us_of(chrono::year_month_day day) {
  return chrono::duration_cast<Us>(chrono::sys_days(day).time_since_epoch()).count();
}
constexpr std::int64_t kUsMin = us_of(chrono::year(0) / 1 / 1);
constexpr std::int64_t kUsMax = us_of(chrono::year(10'000) / 1 / 1) - 1;

void put(std::string& out, std::size_t at, std::size_t digits, std::int64_t number) {
  for (std::size_t i = at + digits; i > at; --i) {
    out[i - 1] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
}

// -1 where it is no number.
std::int64_t get(std::string_view text, std::size_t at, std::size_t digits) {
  std::int64_t number = 0;
  for (const char c : text.substr(at, digits)) {
    if (c < '0' || c > '9') return -1;
    number = number * 10 + (c - '0');
  }
  return number;
}

constexpr std::string_view kForm = "0000-00-00T00:00:00.000000Z";

}  // namespace

std::string to_rfc3339(std::int64_t timestamp_us) {
  const Us since(std::clamp(timestamp_us, kUsMin, kUsMax));
  const auto day = chrono::floor<chrono::days>(chrono::sys_time<Us>(since));
  const chrono::year_month_day date(day);
  const std::int64_t in_day = (chrono::sys_time<Us>(since) - day).count();
  const std::int64_t seconds = in_day / 1'000'000;
  std::string out(kForm);
  put(out, 0, 4, static_cast<int>(date.year()));
  put(out, 5, 2, static_cast<unsigned>(date.month()));
  put(out, 8, 2, static_cast<unsigned>(date.day()));
  put(out, 11, 2, seconds / 3600);
  put(out, 14, 2, seconds / 60 % 60);
  put(out, 17, 2, seconds % 60);
  put(out, 20, 6, in_day % 1'000'000);
  return out;
}

std::optional<std::int64_t> from_rfc3339(std::string_view text) {
  if (text.size() != kForm.size()) return std::nullopt;
  for (const std::size_t at : {4U, 7U, 10U, 13U, 16U, 19U, 26U}) {
    if (text[at] != kForm[at]) return std::nullopt;
  }
  const std::int64_t year = get(text, 0, 4), month = get(text, 5, 2), day = get(text, 8, 2);
  const std::int64_t hour = get(text, 11, 2), minute = get(text, 14, 2);
  const std::int64_t second = get(text, 17, 2), us = get(text, 20, 6);
  if (std::min({year, month, day, hour, minute, second, us}) < 0) return std::nullopt;
  const chrono::year_month_day date(chrono::year(static_cast<int>(year)),
                                    chrono::month(static_cast<unsigned>(month)),
                                    chrono::day(static_cast<unsigned>(day)));
  if (!date.ok() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  return us_of(date) + ((hour * 60 + minute) * 60 + second) * 1'000'000 + us;
}

}  // namespace telltale::log
