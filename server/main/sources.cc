#include "main/sources.h"

#include <future>

namespace telltale::main {
namespace {

loops::CollectLoop::Parse parser_of(std::string name, ports::Runtime& loop, Counters& counters,
                                    collect::RejectedEvents& rejected) {
  return
      [name = std::move(name), &loop, &counters, &rejected](const std::vector<ports::Item>& items) {
        const EpochUs now = loop.now();
        collect::ParsedEvents parsed = collect::parse_json_items(items, now);
        rejected.note(parsed.refused, now, name);
        counters.add(Counter::events_unparsed, parsed.with_unknown_fields);
        return std::move(parsed.records);
      };
}

}  // namespace

Sources::Sources(const std::vector<SourceSpec>& specs, ports::Runtime& loop, ports::Log& log,
                 Counters& counters, collect::RejectedEvents& rejected, const Tell& tell) {
  for (const SourceSpec& spec : specs) {
    Collected& one = collected_.emplace_back();
    one.source = std::make_unique<collect::FileSource>(spec.name, spec.path);
    one.loop = std::make_unique<loops::CollectLoop>(
        loop, log, *one.source, spec.name, counters, parser_of(spec.name, loop, counters, rejected),
        [tell, name = spec.name](const std::string& trouble) { tell(name, trouble); });
  }
}

void Sources::start() {
  for (const Collected& one : collected_) one.loop->start();
}

void Sources::stop() {
  std::vector<std::promise<void>> stopped(collected_.size());
  for (std::size_t i = 0; i < collected_.size(); ++i)
    collected_[i].loop->stop([&promise = stopped[i]] { promise.set_value(); });
  for (std::promise<void>& promise : stopped) promise.get_future().wait();
}

}  // namespace telltale::main
