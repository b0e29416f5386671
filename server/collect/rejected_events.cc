#include "collect/rejected_events.h"

#include <fmt/format.h>

#include "base/json.h"

namespace telltale::collect {

void RejectedEvents::note(const std::vector<Refused>& refused, EpochUs now,
                          std::string_view where) {
  counters_.add(Counter::events_rejected, refused.size());
  for (const Refused& one : refused) {
    kept_.add(now, name_of(one.code),
              where.empty() ? one.message : fmt::format("{}: {}", where, one.message), one.raw);
  }
}

std::string RejectedEvents::json() const {
  std::string json = fmt::format("{{\"total\":{},\"rejections\":[", kept_.total());
  const auto& kept = kept_.newest_last();
  for (auto it = kept.rbegin(); it != kept.rend(); ++it) {
    json += fmt::format("{}{{\"at_us\":\"{}\",\"code\":\"{}\",\"message\":{},\"sample\":{}}}",
                        it == kept.rbegin() ? "" : ",", to_number(it->at), it->code,
                        json_string(it->message), json_string(it->sample));
  }
  return json + "]}\n";
}

}  // namespace telltale::collect
