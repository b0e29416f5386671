#include "sim/fold_world.h"

#include <fmt/format.h>

#include <algorithm>

#include "fold/snapshot.h"
#include "fold/view_encoder.h"
#include "keep/event_reader.h"
#include "schema/event.pb.h"
#include "schema/view.pb.h"

namespace telltale::sim {
namespace {

constexpr int kPartitions = 4;
constexpr std::size_t kWorkers = 2;
constexpr std::size_t kRuns = 14;
constexpr int kSteps = 1'500;
constexpr std::int64_t kStepUs = 60'000;
constexpr std::int64_t kHeartbeatUs = 3'000'000;  // until one that woke hears what it lost
constexpr std::int64_t kSessionUs = 6'000'000;  // of silence, until the group gives up on a member

log::MemoryLogOptions log_options() {
  log::MemoryLogOptions options;
  options.topics = {{ports::kEventsTopic, kPartitions}, {ports::kRunsTopic, 1}};
  return options;
}

// Blocks of a few events to all of a run's; the bounds are felt now and then.
loops::ArchivePace pace_of(runtime::SimRuntime& runtime) {
  loops::ArchivePace pace;
  pace.block_bytes = 200 + runtime.random() % 4'000;
  pace.age_us = 500'000 + static_cast<std::int64_t>(runtime.random() % 20'000'000);
  pace.lag_bytes = 4'000 + runtime.random() % 60'000;
  pace.open_bytes = 2'000 + runtime.random() % 20'000;
  pace.waiting_bytes = 2'000 + runtime.random() % 8'000;
  return pace;
}

ports::Faults log_faults() {
  ports::Faults faults;
  faults.fail_percent = 2;
  faults.lose_answer_percent = 2;
  faults.delay_us_max = 5'000;
  return faults;
}

ports::Faults store_faults() {
  ports::Faults faults;
  faults.fail_percent = 4;
  faults.lose_answer_percent = 4;
  faults.delay_us_max = 40'000;
  return faults;
}

}  // namespace

struct FoldWorld::Worker {
  Worker(FoldWorld& world, SimNode& process)
      : node(process),
        faulty_log(world.log_, node, world.faulty_ ? log_faults() : ports::Faults{}),
        log(faulty_log, world.group_,
            [&world](const auto& partition, LogOffset next) { world.commit(partition, next); }),
        faulty_store(world.store_, node, world.faulty_ ? store_faults() : ports::Faults{}),
        store(faulty_store, node, world.bug_),
        worker(
            node, log, store, world.counters_, [](const std::string&) {}, world.pace_) {}

  SimNode& node;
  ports::FaultyLog faulty_log;
  FoldLog log;
  ports::FaultyStore faulty_store;
  BuggyStore store;
  loops::FoldWorker worker;
  bool stopping = false;
};

struct FoldWorld::Server {
  Server(FoldWorld& world, SimNode& process)
      : node(process),
        store(world.store_, node, world.faulty_ ? store_faults() : ports::Faults{}),
        runs(node, world.log_, world.served_),
        views(node, world.log_, store, world.served_) {}

  SimNode& node;
  ports::FaultyStore store;
  serve::RunList runs;
  serve::LiveViews views;
  bool ready = false;
  std::map<RunKey, serve::LiveViews::RunPtr> watched;
};

// One run and what is true of it.
struct FoldWorld::Source {
  explicit Source(std::size_t number)
      : name(fmt::format("run {}", number)), truth(make_run_key("sim", "", name, "")) {}

  std::string name;
  fold::RunView truth;
  std::uint64_t events = 0;
  std::map<LogOffset, std::string> appended;
  std::uint64_t log_bytes = 0;
  bool ended = false;
};

FoldWorld::FoldWorld(std::uint64_t seed, FoldBug bug, Weather weather)
    : runtime_(seed),
      bug_(bug),
      weather_(weather),
      pace_(pace_of(runtime_)),
      loses_snapshots_(runtime_.random() % 2 == 0 && bug == FoldBug::none &&
                       weather == Weather::stormy),
      log_(runtime_, log_options()),
      group_(ports::kEventsTopic, kPartitions),
      faulty_(weather == Weather::stormy) {
  workers_.resize(kWorkers);
  for (std::size_t i = 0; i < kWorkers; ++i) start_worker(i);
  start_server();
}

FoldWorld::~FoldWorld() {
  for (const auto& node : nodes_) node->kill();
}

SimNode& FoldWorld::new_node() {
  const auto durations = bug_ == FoldBug::durations_by_set_clock
                             ? SimNode::Durations::by_the_clock_that_is_set
                             : SimNode::Durations::by_the_steady_clock;
  return *nodes_.emplace_back(std::make_unique<SimNode>(runtime_, durations));
}

// Of a worker or of the server.
void FoldWorld::set_a_clock() {
  const std::size_t which = runtime_.random() % (kWorkers + 1);
  SimNode& node = which == kWorkers ? server_->node : workers_[which]->node;
  node.set_clock_by(some_clock_step(runtime_));
  ++clocks_set_;
}

void FoldWorld::start_worker(std::size_t which) {
  if (workers_[which] != nullptr) workers_[which]->node.kill();
  workers_[which] = std::make_unique<Worker>(*this, new_node());
  workers_[which]->worker.start();
}

void FoldWorld::stop_worker(std::size_t which) {
  Worker& worker = *workers_[which];
  worker.stopping = true;
  worker.worker.stop([this, which] {
    runtime_.post([this, which] { start_worker(which); });  // from outside of what it replaces
  });
}

void FoldWorld::trouble_worker(std::size_t which) {
  Worker& worker = *workers_[which];
  SimNode& node = worker.node;
  if (node.asleep() || worker.stopping) return;
  const std::uint64_t what = runtime_.random() % 700;
  if (what == 0) {
    start_worker(which);
  } else if (what == 1) {
    stop_worker(which);
  } else if (what <= 3) {
    ++zombies_;
    node.sleep();
    runtime_.post_after(kSessionUs, [this, &node] {
      if (node.asleep()) group_.expire(node);
    });
    const auto asleep_us = static_cast<std::int64_t>(runtime_.random() % 25'000'000);
    runtime_.post_after(asleep_us, [&node] { node.wake(); });
    runtime_.post_after(asleep_us + kHeartbeatUs, [this, &node] { group_.rejoin(node); });
  }
}

void FoldWorld::commit(const ports::Partition& partition, LogOffset next) {
  log_.expire(partition, next);
}

void FoldWorld::start_server() {
  if (server_ != nullptr) server_->node.kill();
  server_ = std::make_unique<Server>(*this, new_node());
  Server* server = server_.get();
  server->runs.start([] {});
  server->views.start([server] { server->ready = true; });
}

// Opens a run, or leaves one.
void FoldWorld::watch() {
  if (sources_.empty() || !server_->ready) return;
  const fold::RunView& truth = sources_[runtime_.random() % sources_.size()]->truth;
  const RunKey key = truth.key();
  if (truth.empty()) return;  // its first event is still to come
  Server* server = server_.get();
  if (server->watched.erase(key) > 0) return;
  server->views.open(key, [this, server, key](Result<serve::LiveViews::RunPtr> run) {
    if (run.ok()) {
      server->watched[key] = run.take();
    } else if (run.error().code == ErrorCode::not_found) {
      wrong_.insert("a run with events is not found");
    }
  });
}

void FoldWorld::append_event(Source& source) {
  schema::Event event;
  event.set_run_key(source.truth.key().text());
  event.set_epoch("life");
  event.set_sequence(++source.events);
  event.set_happened_at_us(to_number(runtime_.now()));
  const std::uint64_t what = source.events == 1 ? 0 : 1 + runtime_.random() % 10;
  if (what == 0 || (what == 1 && !source.ended && source.events > 60)) {
    source.ended = what == 1;
    event.mutable_run_state()->set_name(source.name);
    event.mutable_run_state()->set_version(source.events);
    event.mutable_run_state()->set_state(source.ended ? schema::SUCCEEDED : schema::RUNNING);
  } else if (what < 5) {
    const std::string text = fmt::format("line {}\n", source.events);
    event.mutable_log_bytes()->set_path("task");
    event.mutable_log_bytes()->set_offset(source.log_bytes);
    event.mutable_log_bytes()->set_data(text);
    source.log_bytes += text.size();
  } else {
    event.mutable_metric_points()->set_path("task");
    event.mutable_metric_points()->set_name("loss");
    event.mutable_metric_points()->add_value(static_cast<double>(runtime_.random() % 100));
  }
  log_.append(ports::kEventsTopic,
              {{event.run_key(), event.SerializeAsString(), event.happened_at_us()}},
              {runtime_, [&source, event](Result<ports::Appended> appended) {
                 const LogOffset offset = appended->places.front().offset;
                 source.truth.apply(offset, event);
                 source.appended.emplace(offset, event.SerializeAsString());
               }});
}

void FoldWorld::invent() {
  if (sources_.size() < kRuns && (sources_.empty() || runtime_.random() % 60 == 0))
    sources_.push_back(std::make_unique<Source>(sources_.size()));
  for (const auto& source : sources_) {
    // What has ended is quiet, but for a late line now and then.
    if (runtime_.random() % (source->ended ? 400 : 6) == 0) append_event(*source);
  }
}

void FoldWorld::step(bool troubles) {
  if (troubles) {
    invent();
    if (runtime_.random() % 100 == 0) set_a_clock();
    for (std::size_t i = 0; i < kWorkers && weather_ == Weather::stormy; ++i) trouble_worker(i);
    if (weather_ == Weather::stormy && runtime_.random() % 300 == 0) start_server();
    if (runtime_.random() % 10 == 0) watch();
    if (loses_snapshots_ && runtime_.random() % 300 == 0) lose_a_snapshot();
  }
  runtime_.advance(kStepUs);
  if (runtime_.random() % 40 == 0) check_watched();
}

void FoldWorld::settle(int steps) {
  for (int i = 0; i < steps; ++i) step(false);
}

void FoldWorld::check_watched() {
  for (const auto& source : sources_) {
    const auto found = server_->watched.find(source->truth.key());
    if (found == server_->watched.end()) continue;
    if (*fold::encode(found->second->view) != *fold::encode(source->truth))
      wrong_.insert("a page shows a run as it is not");
  }
}

void FoldWorld::run() {
  for (int i = 0; i < kSteps; ++i) step(true);
  faulty_ = false;
  settle(600);  // whoever sleeps wakes, whoever stops has stopped
  if (weather_ == Weather::calm) check_all_is_stored();
  for (std::size_t i = 0; i < kWorkers; ++i) start_worker(i);
  settle(400);
}

std::vector<std::string> FoldWorld::checks() {
  std::vector<std::string> wrong(wrong_.begin(), wrong_.end());
  check_all(wrong);
  check_packs(wrong);
  check_archive(wrong);
  if (!loses_snapshots_ && counters_.get(Counter::runs_refolded) > 0)
    wrong.push_back("the fold lost a snapshot");
  lose_all_snapshots();
  check_all(wrong);
  if (counters_.get(Counter::events_expired) > 0)
    wrong.push_back("events went from the log before a snapshot had them");
  if (counters_.get(Counter::events_unarchived) > 0)
    wrong.push_back("events went from the log before the archive had them");
  return wrong;
}

// By a new server: what now is there came from the store and the log.
void FoldWorld::check_all(std::vector<std::string>& wrong) {
  start_server();
  settle(5);
  for (const auto& source : sources_) {
    const RunKey& key = source->truth.key();
    if (source->truth.empty()) continue;
    serve::LiveViews::RunPtr served;
    server_->views.open(key, [&](Result<serve::LiveViews::RunPtr> run) {
      if (run.ok()) served = run.take();
    });
    settle(2);
    if (served == nullptr) {
      wrong.push_back("a run is not there");
    } else if (*fold::encode(served->view) != *fold::encode(source->truth)) {
      wrong.push_back("a run is not what its events say");
    }
    const fold::SummaryPtr listed = server_->runs.catalogue().find(key.text());
    if (listed == nullptr ||
        listed->SerializeAsString() != fold::encode_listed(source->truth).SerializeAsString())
      wrong.push_back("the list says something else of a run than its events");
  }
}

keep::Checkpoint FoldWorld::checkpoint(int partition) {
  keep::Checkpoint found;
  store_.get(keep::checkpoint_key(partition), {}, {runtime_, [&](Result<ports::Object> object) {
                                                     found =
                                                         *keep::decode_checkpoint(object->bytes);
                                                   }});
  runtime_.run_until_idle();
  return found;
}

// Nothing waits for a clock that was set.
void FoldWorld::check_all_is_stored() {
  for (int partition = 0; partition < kPartitions; ++partition) {
    LogOffset end{};
    log_.bounds({ports::kEventsTopic, partition},
                {runtime_, [&](Result<ports::Bounds> bounds) { end = bounds->end; }});
    const keep::Checkpoint found = checkpoint(partition);  // which also waits for the bounds
    if (found.next < end) wrong_.insert("a checkpoint is late");
    if (found.archived.next < end) wrong_.insert("the archive is late");
  }
}

// What is folded, and can be folded again.
std::vector<std::string> FoldWorld::snapshots() {
  std::vector<std::string> keys;
  for (const char* prefix : {"partitions/", "runs/"}) {
    store_.list(prefix, {}, 100'000, {runtime_, [&](Result<std::vector<ports::ObjectInfo>> found) {
                                        for (const ports::ObjectInfo& object : found.value())
                                          keys.push_back(object.key);
                                      }});
  }
  runtime_.run_until_idle();
  const auto is_else = [](const std::string& key) {
    return key.find("/checkpoint") != std::string::npos ||
           key.find("/events/") != std::string::npos;
  };
  keys.erase(std::remove_if(keys.begin(), keys.end(), is_else), keys.end());
  return keys;
}

void FoldWorld::lose_a_snapshot() {
  const std::vector<std::string> keys = snapshots();
  if (keys.empty()) return;
  const std::string& key = keys[runtime_.random() % keys.size()];
  if (runtime_.random() % 2 == 0) {
    store_.remove(key, {runtime_, [](Status) {}});
  } else {
    store_.put(key, "damaged", {}, {runtime_, [](Result<std::string>) {}});
  }
}

void FoldWorld::lose_all_snapshots() {
  for (const std::string& key : snapshots()) store_.remove(key, {runtime_, [](Status) {}});
  runtime_.run_until_idle();
}

// Every event is in the archive, once and as it was, or whoever comes next still reads it.
void FoldWorld::check_archive(std::vector<std::string>& wrong) {
  for (const auto& source : sources_) {
    const RunKey& key = source->truth.key();
    const ports::Partition partition{ports::kEventsTopic,
                                     log_.partition_of(ports::kEventsTopic, key.text())};
    const keep::Archived archived = checkpoint(partition.number).archived;
    if (!archived.gaps.empty()) wrong.push_back("a partition's archive has gaps");
    log_.bounds(partition, {runtime_, [&](Result<ports::Bounds> bounds) {
                              if (bounds->begin > archived.next)
                                wrong.push_back("events are neither archived nor in the log");
                            }});
    std::map<LogOffset, std::string> found;
    const auto on_event = [&](const keep::ArchivedEvent& event) {
      if (!found.emplace(event.offset, event.value).second)
        wrong.push_back("an event is archived twice");
    };
    keep::read_events(runtime_, store_, key, on_event, [&](Result<keep::ArchiveRead> read) {
      if (!read.ok() || read->damaged > 0) wrong.push_back("an archive cannot be read");
    });
    runtime_.run_until_idle();
    for (const auto& [offset, value] : found) {
      if (source->appended.count(offset) == 0 || source->appended.at(offset) != value)
        wrong.push_back("an archived event is not what the log had");
    }
    for (const auto& [offset, value] : source->appended) {
      if (offset < archived.next && found.count(offset) == 0)
        wrong.push_back("an event is not archived");
    }
  }
}

// Nothing is kept that no checkpoint names, and ended runs stand in none.
void FoldWorld::check_packs(std::vector<std::string>& wrong) {
  std::map<RunKey, bool> ended;
  for (const auto& source : sources_) ended[source->truth.key()] = source->ended;
  for (int partition = 0; partition < kPartitions; ++partition) {
    std::set<std::string> named;
    for (const auto& [run, place] : checkpoint(partition).runs) {
      named.insert(keep::pack_key(partition, place.pack));
      if (ended[run]) wrong.push_back("an ended run stands in a checkpoint");
    }
    store_.list(keep::packs_prefix(partition), {}, 1'000,
                {runtime_, [&](Result<std::vector<ports::ObjectInfo>> found) {
                   for (const ports::ObjectInfo& object : found.value()) {
                     if (named.count(object.key) == 0)
                       wrong.push_back("a pack is kept for nothing");
                   }
                 }});
    runtime_.run_until_idle();
  }
  for (const auto& [run, over] : ended) {
    store_.get(keep::manifest_key(run), {}, {runtime_, [&](Result<ports::Object> object) {
                                               manifests_ += object.ok() ? 1 : 0;
                                             }});
  }
  runtime_.run_until_idle();
}

}  // namespace telltale::sim
