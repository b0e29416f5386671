#include "collect/source_health.h"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include <algorithm>

#include "base/check.h"

namespace telltale::collect {

SourceHealth::SourceHealth(std::vector<schema::SourceStatus> sources) {
  for (schema::SourceStatus& source : sources) *list_.add_sources() = std::move(source);
}

void SourceHealth::tell(const std::string& name, const std::string& part,
                        const std::string& trouble, EpochUs now) {
  auto& sources = *list_.mutable_sources();
  const auto source = std::find_if(sources.begin(), sources.end(),
                                   [&](const auto& one) { return one.name() == name; });
  CHECK(source != sources.end(), "{} is no source of this process", name);
  auto& troubles = *source->mutable_troubles();
  const auto known = std::find_if(troubles.begin(), troubles.end(),
                                  [&](const auto& one) { return one.part() == part; });
  if (known != troubles.end()) {
    if (known->message() == trouble) return;
    if (trouble.empty()) {
      troubles.erase(known);
    } else {
      known->set_message(trouble);
    }
  } else {
    if (trouble.empty()) return;
    schema::SourceTrouble& added = *troubles.Add();
    added.set_part(part);
    added.set_message(trouble);
    added.set_since_us(to_number(now));
  }
  for (Listener* listener : listeners_) listener->sources_changed();
}

std::string SourceHealth::json() const {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string text;
  const bool written = google::protobuf::util::MessageToJsonString(list_, &text, options).ok();
  CHECK(written, "the list of sources cannot be written as JSON");
  return text;
}

std::string SourceHealth::lines() const {
  std::string text;
  for (const schema::SourceStatus& source : list_.sources()) {
    for (const schema::SourceTrouble& trouble : source.troubles()) {
      text += fmt::format("{}{}{}: {}\n", source.name(), trouble.part().empty() ? "" : " ",
                          trouble.part(), trouble.message());
    }
  }
  return text;
}

}  // namespace telltale::collect
