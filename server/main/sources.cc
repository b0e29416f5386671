#include "main/sources.h"

#include <unistd.h>

#include <future>
#include <map>

#include "collect/kubernetes_access.h"
#include "collect/kubernetes_source.h"
#include "collect/kubernetes_translate.h"

extern char** environ;

namespace telltale::main {
namespace {

Result<collect::KubernetesAccess> access_of(const SourceSpec& spec) {
  std::map<std::string, std::string> environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t mark = text.find('=');
    if (mark == std::string_view::npos) continue;
    environment.emplace(text.substr(0, mark), text.substr(mark + 1));
  }
  return collect::find_kubernetes_access(spec.context, environment);
}

}  // namespace

Status Sources::check(const std::vector<SourceSpec>& specs) {
  for (const SourceSpec& spec : specs) {
    if (spec.kind != SourceSpec::Kind::kubernetes) continue;
    if (const auto access = access_of(spec); !access.ok()) return access.error();
  }
  return Done{};
}

std::vector<schema::SourceStatus> Sources::describe(const std::vector<SourceSpec>& specs) {
  std::vector<schema::SourceStatus> all;
  for (const SourceSpec& spec : specs) {
    schema::SourceStatus& source = all.emplace_back();
    source.set_name(spec.name);
    source.set_kfp_url(spec.kfp_url);
    for (const std::string& name : spec.namespaces) source.add_namespaces(name);
    if (spec.kind == SourceSpec::Kind::kubernetes) source.set_cluster(access_of(spec)->cluster);
  }
  return all;
}

Sources::Sources(const std::vector<SourceSpec>& specs, ports::Runtime& loop, ports::Log& log,
                 ports::EventGate& gate, Counters& counters, collect::RejectedEvents& rejected,
                 const Tell& tell)
    : loop_(loop), log_(log), gate_(gate), counters_(counters), rejected_(rejected), tell_(tell) {
  for (const SourceSpec& spec : specs) {
    if (spec.kind == SourceSpec::Kind::kubernetes) {
      add_cluster(spec);
    } else {
      add_file(spec);
    }
  }
}

void Sources::add_file(const SourceSpec& spec) {
  add(spec, [this, spec] {
    auto parse = [this, name = spec.name](const std::vector<ports::Item>& items) {
      const EpochUs now = loop_.now();
      collect::ParsedEvents parsed = collect::parse_json_items(items, now);
      rejected_.note(parsed.refused, now, name);
      counters_.add(Counter::events_unparsed, parsed.with_unknown_fields);
      return std::move(parsed.records);
    };
    return loops::SourceHolder::Opened{std::make_unique<collect::FileSource>(spec.name, spec.path),
                                       std::move(parse)};
  });
}

void Sources::add_cluster(const SourceSpec& spec) {
  if (fetch_ == nullptr) fetch_ = std::make_unique<net::CurlFetch>();
  const collect::KubernetesAccess access = access_of(spec).take();  // check() saw it
  add(spec, [this, spec, access] {
    auto translate = std::make_shared<collect::KubernetesTranslate>(access.cluster);
    auto parse = [this, translate, name = spec.name](const std::vector<ports::Item>& items) {
      const EpochUs now = loop_.now();
      collect::ParsedEvents parsed = translate->translate(items, now);
      rejected_.note(parsed.refused, now, name);
      return std::move(parsed.records);
    };
    auto tell = [this, name = spec.name](const std::string& stream, const std::string& trouble) {
      tell_(name, stream, trouble);
    };
    return loops::SourceHolder::Opened{
        std::make_unique<collect::KubernetesSource>(
            loop_, *fetch_, access, collect::KubernetesWatch{spec.namespaces, spec.label},
            std::move(tell)),
        std::move(parse)};
  });
}

void Sources::add(const SourceSpec& spec, loops::SourceHolder::Open open) {
  holders_.push_back(std::make_unique<loops::SourceHolder>(
      loop_, log_, gate_, spec.name, counters_, std::move(open),
      [this, name = spec.name](const std::string& trouble) { tell_(name, "", trouble); }));
}

void Sources::start() {
  for (const auto& holder : holders_) holder->start();
}

void Sources::stop() {
  std::vector<std::promise<void>> stopped(holders_.size());
  for (std::size_t i = 0; i < holders_.size(); ++i)
    holders_[i]->stop([&promise = stopped[i]] { promise.set_value(); });
  for (std::promise<void>& promise : stopped) promise.get_future().wait();
}

}  // namespace telltale::main
