#include "sim/source_world.h"

#include <fmt/format.h>

#include <set>

#include "collect/event_gate.h"
#include "collect/event_parser.h"
#include "collect/rejected_events.h"
#include "fold/run_view.h"
#include "loops/collect_loop.h"
#include "ports/faulty_log.h"
#include "ports/faulty_source.h"
#include "schema/event.pb.h"

namespace telltale::sim {
namespace {

constexpr int kSteps = 300;
constexpr std::int64_t kStepUs = 20'000;
constexpr std::int64_t kSettleUs = 60'000'000;
constexpr int kExpirePercent = 3;

const RunKey kRun = make_run_key("sim", "", "a file of events", "");

ports::Faults faults(bool faulty) {
  if (!faulty) return {};
  ports::Faults faults;
  faults.fail_percent = 5;
  faults.lose_answer_percent = 5;
  faults.short_read_percent = 50;
  faults.delay_us_max = 20'000;
  return faults;
}

}  // namespace

// What one life of the process holds; a crash destroys it.
struct SourceWorld::Process {
  Process(SourceWorld& world, SimNode& process)
      : node(process),
        faulty_log(world.log_, node, faults(world.faulty_)),
        log(faulty_log, node, world.bug_ == SourceBug::position_before_events),
        faulty_source(world.source_, node, faults(world.faulty_),
                      world.faulty_ ? kExpirePercent : 0),
        source(faulty_source, node, world.bug_ == SourceBug::expired_is_the_end),
        rejected(world.counters_),
        gate(node, log, world.counters_, rejected),
        loop(
            node, log, gate, source, "memory:sim", world.counters_,
            [this, bug = world.bug_](std::vector<ports::Item> items) {
              if (bug == SourceBug::ids_of_the_reader) {
                for (ports::Item& item : items) item.id = hash_id({std::to_string(node.random())});
              }
              collect::ParsedEvents parsed = collect::parse_json_items(items, node.now());
              rejected.note(parsed.refused, node.now());
              return std::move(parsed.records);
            },
            [](const std::string&) {}) {}

  SimNode& node;
  ports::FaultyLog faulty_log;
  HastyLog log;
  ports::FaultySource faulty_source;
  DeafSource source;
  collect::RejectedEvents rejected;
  collect::EventGate gate;
  loops::CollectLoop loop;
};

SourceWorld::SourceWorld(std::uint64_t seed, SourceBug bug)
    : runtime_(seed), bug_(bug), log_(runtime_), source_(runtime_) {
  start();
}

SourceWorld::~SourceWorld() { process_->node.kill(); }

void SourceWorld::start() {
  nodes_.push_back(std::make_unique<SimNode>(runtime_));
  process_ = std::make_unique<Process>(*this, *nodes_.back());
  process_->loop.start();
}

void SourceWorld::crash() {
  ++crashes_;
  process_->node.kill();
  source_.drop_waiting();
  start();
}

// As writers differ: most name nothing, some their facts, some themselves and a place.
SourceWorld::Fact SourceWorld::invent() {
  const std::uint64_t what = runtime_.random() % 10;
  if (what == 0) return {fmt::format("rubbish after {}", points_), 0};
  const std::uint64_t value = ++points_;
  std::string names;
  if (what == 1) names = fmt::format("\"id\":\"point-{}\",", value);
  if (what == 2) names = fmt::format("\"epoch\":\"writer\",\"sequence\":{},", value);
  return {
      fmt::format("{{\"run_key\":\"{}\",{}\"metric_points\":{{\"name\":\"n\",\"value\":[{}]}}}}",
                  kRun.text(), names, value),
      value};
}

void SourceWorld::add(std::size_t facts) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < facts; ++i) texts.push_back(facts_.emplace_back(invent()).text);
  source_.add(texts);
}

void SourceWorld::cut_to(std::size_t facts) {
  facts_.resize(facts);
  std::vector<std::string> texts;
  for (const Fact& fact : facts_) texts.push_back(fact.text);
  source_.replace(std::move(texts));
}

void SourceWorld::step() {
  if (runtime_.random() % 3 == 0) add(runtime_.random() % 8);
  if (runtime_.random() % 80 == 0) cut_to(runtime_.random() % (facts_.size() + 1));
  if (runtime_.random() % 40 == 0) crash();
  if (runtime_.random() % 40 == 0) process_->node.set_clock_by(some_clock_step(runtime_));
  runtime_.advance(kStepUs);
}

void SourceWorld::run() {
  faulty_ = true;
  crash();
  for (int i = 0; i < kSteps; ++i) step();
  faulty_ = false;
  crash();
  settle();
  // From rest: who comes next goes on where all was read.
  const std::size_t before = events().size();
  crash();
  settle();
  if (events().size() != before) wrong_.push_back("what was read and kept is appended again");
  relist();
}

void SourceWorld::tell(std::size_t facts) {
  add(facts);
  settle();
}

void SourceWorld::relist() {
  cut_to(facts_.size());
  settle();
}

void SourceWorld::settle() { runtime_.advance(kSettleUs); }

std::vector<ports::StoredRecord> SourceWorld::events() {
  std::vector<ports::StoredRecord> events;
  log_.read({ports::kEventsTopic, 0}, LogOffset{0},
            {.records_max = SIZE_MAX, .bytes_max = SIZE_MAX},
            {runtime_, [&](auto records) { events = records.take(); }});
  runtime_.run_until_idle();
  return events;
}

// What was cut off before it was read is nobody's any more; all else is there once and in order.
std::vector<std::string> SourceWorld::checks() {
  std::vector<std::string> wrong = wrong_;
  fold::RunView view(kRun);
  for (const ports::StoredRecord& stored : events()) {
    schema::Event event;
    if (!event.ParseFromString(stored.record.value)) wrong.push_back("a record is no event");
    view.apply(stored.offset, event);
  }
  const fold::Series* series = view.series(make_series_id("", "n"));
  std::set<double> found;
  double last = 0;
  for (const double value : series == nullptr ? std::vector<double>{} : series->points.value()) {
    if (!found.insert(value).second) {
      wrong.push_back(fmt::format("point {} is doubled", value));
    } else if (value < last) {
      wrong.push_back(fmt::format("point {} comes after point {}", value, last));
    }
    last = value;
  }
  for (const Fact& fact : facts_) {
    if (fact.value != 0 && found.count(static_cast<double>(fact.value)) == 0)
      wrong.push_back(fmt::format("point {} is lost", fact.value));
  }
  return wrong;
}

}  // namespace telltale::sim
