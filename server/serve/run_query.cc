#include "serve/run_query.h"

#include "base/limits.h"

namespace telltale::serve {

Result<RunQuery> parse_run_query(const Resource& resource) {
  RunQuery query;
  const auto states = resource.query.equal_range("state");
  for (auto it = states.first; it != states.second; ++it) {
    const std::optional<fold::State> state = fold::parse_state(it->second);
    if (!state) {
      return Error{ErrorCode::invalid_argument,
                   "state= is one of pending, queued, running, succeeded, failed, skipped, cached, "
                   "retrying, suspended, cancelled, unknown."};
    }
    query.filter.states.push_back(*state);
    // Of a run that told no state yet nothing else is known.
    if (*state == fold::State::pending) query.filter.states.push_back(fold::State::unspecified);
  }
  query.filter.text = resource.text("text");
  query.filter.cluster = resource.text("cluster");
  query.filter.namespace_name = resource.text("namespace");
  std::string keys = resource.text("keys");
  while (!keys.empty()) {
    const std::size_t comma = keys.find(',');
    query.filter.keys.push_back(keys.substr(0, comma));
    keys.erase(0, comma == std::string::npos ? keys.size() : comma + 1);
  }
  const Result<std::optional<std::uint64_t>> attention = resource.number("attention", 1);
  if (!attention.ok()) return attention.error();
  query.filter.attention = attention.value().value_or(0) == 1;
  query.page = resource.text("page");
  Result<std::optional<std::uint64_t>> limit = resource.number("limit", limits::kRunsPage);
  if (!limit.ok()) return limit.error();
  if (limit.value()) query.limit = std::max<std::size_t>(*limit.value(), 1);
  return query;
}

schema::RunList encode_run_list(const fold::Catalogue& catalogue, const fold::RunPage& page) {
  schema::RunList list;
  for (const fold::SummaryPtr& summary : page.runs)
    *list.add_runs() = catalogue.with_history(*summary);
  list.set_total(page.total);
  list.set_next_page(page.next_page);
  return list;
}

}  // namespace telltale::serve
