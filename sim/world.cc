#include "sim/world.h"

#include <fmt/format.h>
#include <google/protobuf/message.h>

#include "fold/view_encoder.h"
#include "keep/checkpoint.h"
#include "sim/sim_node.h"

namespace telltale::sim {
namespace {

constexpr int kProducers = 3;
constexpr int kSteps = 400;
constexpr std::int64_t kStepUs = 20'000;
constexpr std::int64_t kSettleUs = 40'000'000;
constexpr std::size_t kLostRecords = 5;

ports::Faults log_faults() {
  ports::Faults faults;
  faults.fail_percent = 3;
  faults.lose_answer_percent = 4;
  faults.short_read_percent = 50;
  faults.delay_us_max = 2'000;
  return faults;
}

ports::Faults store_faults() {
  ports::Faults faults;
  faults.fail_percent = 10;
  faults.delay_us_max = 5'000;
  faults.error = {ErrorCode::storage_full, "The disk is full."};
  return faults;
}

// What is of another log: offsets, and when the server saw an event.
void clear_places(google::protobuf::Message& message) {
  const auto* reflection = message.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const auto* field : fields) {
    const std::string& name = field->name();
    if (name == "position" || name == "last_event_at_us" || name == "created_at_us") {
      reflection->ClearField(&message, field);
    } else if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE ||
               field->is_map()) {
      continue;
    } else if (field->is_repeated()) {
      for (int i = 0; i < reflection->FieldSize(message, field); ++i)
        clear_places(*reflection->MutableRepeatedMessage(&message, field, i));
    } else {
      clear_places(*reflection->MutableMessage(&message, field));
    }
  }
}

// As text, without that.
template <typename Message>
std::string timeless(Message message) {
  clear_places(message);
  return message.ShortDebugString();
}

}  // namespace

// What one life of the process holds; a crash destroys it.
struct World::Server {
  Server(ports::Runtime& runtime, ports::Log& log, ports::Store& store, Counters& counters)
      : fold(runtime, log, store, counters, [](const std::string&) {}),
        runs(runtime, log, counters),
        views(runtime, log, store, counters),
        rejected(counters),
        gate(runtime, log, counters, rejected),
        ingest(runtime, runtime, gate, counters, rejected) {}

  loops::FoldWorker fold;
  serve::RunList runs;
  serve::LiveViews views;
  collect::RejectedEvents rejected;
  collect::EventGate gate;
  collect::HttpIngest ingest;
  bool ready = false;
};

World::World(std::uint64_t seed, Bug bug, Weather weather)
    : runtime_(seed),
      bug_(bug),
      weather_(weather),
      kept_log_(runtime_),
      log_(kept_log_, runtime_, weather == Weather::calm ? ports::Faults{} : log_faults()),
      store_(kept_store_, runtime_, weather == Weather::calm ? ports::Faults{} : store_faults()) {
  for (int i = 0; i < kProducers; ++i) {
    producers_.push_back(std::make_unique<Producer>(runtime_, i, bug != Bug::repeat_applied));
    Reader::Faults faults;
    faults.drop_removed = bug == Bug::tombstone_dropped;
    faults.lose_frames = bug == Bug::frame_lost;
    faults.lose_log_offset = bug == Bug::log_offset_lost;
    readers_.push_back(std::make_unique<Reader>(runtime_, producers_.back()->run(), faults));
  }
  start_server();
}

World::~World() {
  for (auto& reader : readers_) reader->disconnect();
}

void World::start_server() {
  server_ = std::make_unique<Server>(runtime_, log_, store_, counters_);
  Server* server = server_.get();
  server->fold.start();
  server->runs.start([] {});
  server->views.start([server] { server->ready = true; });
}

void World::crash() {
  ++crashes_;
  for (auto& reader : readers_) reader->disconnect();
  for (auto& producer : producers_) producer->lost();
  runtime_.drop_all();  // what the process had still to do dies with it
  server_.reset();
  kept_log_.drop_waiting();
  lose_what_was_promised();
  start_server();
}

// The planted bugs of log and store, which a crash brings to light.
void World::lose_what_was_promised() {
  if (bug_ == Bug::fsync_skipped) kept_log_.lose_newest(ports::kEventsTopic, kLostRecords);
  if (bug_ != Bug::snapshot_skipped) return;
  auto found = [this](Result<std::vector<ports::ObjectInfo>> objects) {
    for (const ports::ObjectInfo& object : objects.value()) {
      const bool snapshots = object.key.find("/packs/") != std::string::npos ||
                             object.key.find("/snapshots/") != std::string::npos;
      if (!snapshots) continue;
      kept_store_.remove(object.key, {runtime_, [](Status) {}});
    }
  };
  kept_store_.list("", "", SIZE_MAX, {runtime_, std::move(found)});
  // A run whose snapshot is lost is folded again, from the archive and the log behind it. So what
  // snapshots alone are to have, as the checkpoint says, expires.
  auto expire = [this](Result<ports::Object> object) {
    if (!object.ok()) return;
    kept_log_.expire({ports::kEventsTopic, 0}, keep::decode_checkpoint(object->bytes)->next);
  };
  kept_store_.get(keep::checkpoint_key(0), {}, {runtime_, std::move(expire)});
  runtime_.run_until_idle();
}

void World::step() {
  for (auto& producer : producers_) {
    const std::string body = producer->next_body();
    if (body.empty()) continue;
    ports::HttpRequest request;
    request.method = "POST";
    request.headers = {{"content-type", "application/x-protobuf"}};
    const std::uint64_t life = crashes_;
    server_->ingest.handle(
        std::move(request), body,
        [this, life, producer = producer.get()](const ports::HttpResponse& response) {
          if (life == crashes_) producer->answered(response.status);
        });
  }
  for (auto& reader : readers_) {
    if (!reader->connected() && server_->ready)
      reader->connect(server_->views, server_->runs, counters_);
    reader->take();
  }
}

void World::run() {
  for (int i = 0; i < kSteps; ++i) {
    for (auto& producer : producers_) {
      for (std::uint64_t n = runtime_.random() % 4; n > 0; --n) producer->invent();
    }
    step();
    if (weather_ == Weather::stormy && runtime_.random() % 60 == 0) crash();
    if (runtime_.random() % 60 == 0) runtime_.set_clock_by(some_clock_step(runtime_));
    for (auto& reader : readers_) {
      if (reader->connected() && runtime_.random() % 40 == 0) reader->disconnect();
    }
    runtime_.advance(kStepUs);
  }
  log_.faults = {};
  store_.faults = {};
  settle();
  // Once more from rest: what now is there came from the store, not from memory.
  crash();
  settle();
}

void World::settle() {
  for (std::int64_t us = 0; us < kSettleUs; us += 50 * kStepUs) {
    step();
    runtime_.advance(kStepUs);
    for (int i = 0; i < 10; ++i) {
      for (auto& reader : readers_) reader->take();
      runtime_.advance(kStepUs);
    }
  }
}

std::uint64_t World::retries() const {
  std::uint64_t sum = 0;
  for (const auto& producer : producers_) sum += producer->retries();
  return sum;
}

std::uint64_t World::reconnects() const {
  std::uint64_t sum = 0;
  for (const auto& reader : readers_) sum += reader->reconnects();
  return sum;
}

std::vector<std::string> World::checks() {
  std::vector<std::string> wrong;
  for (const auto& producer : producers_) check_run(*producer, wrong);
  return wrong;
}

// The truth is every event once, in order, folded by itself.
void World::check_run(const Producer& producer, std::vector<std::string>& wrong) {
  if (!producer.settled()) wrong.push_back("a producer never got its answer");
  fold::RunView expected(producer.run());
  std::uint64_t offset = 0;
  for (const schema::Event& event : producer.events()) expected.apply(LogOffset{offset++}, event);
  std::shared_ptr<serve::WatchedRun> served;
  server_->views.open(producer.run(), [&](Result<serve::LiveViews::RunPtr> run) {
    if (run.ok()) served = run.take();
  });
  runtime_.advance(kStepUs * 10);
  if (served == nullptr) {
    wrong.push_back("a run with acknowledged events is not there");
    return;
  }
  const fold::SummaryPtr listed = server_->runs.catalogue().find(producer.run().text());
  if (listed == nullptr) {
    wrong.push_back("a run is not in the list");
  } else if (timeless(*listed) != timeless(fold::encode_summary(expected))) {
    wrong.push_back("the list says something else of a run than its events");
  }
  check_view(served->view, expected, wrong);
  for (const auto& reader : readers_) {
    if (reader->run() == producer.run()) check_reader(*reader, expected, wrong);
  }
}

// All that a page can ask for.
void World::check_view(const fold::RunView& served, const fold::RunView& expected,
                       std::vector<std::string>& wrong) {
  for (const fold::Series& series : expected.series()) {
    const fold::Series* found = served.series(series.id);
    if (found == nullptr || found->points.value() != series.points.value() ||
        found->points.step() != series.points.step())
      wrong.push_back("points of a series are lost or doubled");
  }
  const schema::RunView truth = fold::encode_run(expected);
  const schema::RunView shown = fold::encode_run(served);
  if (truth.artifacts_size() == 0) wrong.push_back("nobody made an artifact, which proves nothing");
  if (timeless(shown) != timeless(truth))
    wrong.push_back("a run is not what its events say: " + timeless(shown) + " instead of " +
                    timeless(truth));
  if (fold::encode_layout(served).SerializeAsString() !=
      fold::encode_layout(expected).SerializeAsString())
    wrong.push_back("a graph is drawn in another way than its events say");
}

void World::check_reader(const Reader& reader, const fold::RunView& expected,
                         std::vector<std::string>& wrong) {
  if (!reader.trouble().empty()) wrong.push_back(reader.trouble());
  if (expected.tasks().size() != reader.tasks().size())
    wrong.push_back(
        fmt::format("a page shows {} tasks of {}", reader.tasks().size(), expected.tasks().size()));
  for (const fold::Task* task : expected.tasks()) {
    schema::TaskView truth = fold::encode_task(*task);
    const auto found = reader.tasks().find(task->id.text());
    if (found == reader.tasks().end()) continue;  // counted above
    schema::TaskView shown = found->second;
    // Offsets are of another log, and depends_on and times follow from the rest.
    truth.clear_position();
    shown.clear_position();
    truth.clear_started_at_us();
    shown.clear_started_at_us();
    truth.clear_finished_at_us();
    shown.clear_finished_at_us();
    if (truth.SerializeAsString() != shown.SerializeAsString())
      wrong.push_back("a page shows a task as it is not: " + shown.ShortDebugString() +
                      " instead of " + truth.ShortDebugString());
  }
  for (const fold::Series& series : expected.series()) {
    const auto found = reader.series().find(series.id.text());
    if (found == reader.series().end() || found->second.points() != series.points.size())
      wrong.push_back("a page shows another number of points");
  }
  const fold::Task* first = expected.task_by_path("task-0");
  const fold::LogBuffer* log = first == nullptr ? nullptr : first->log(1);
  const std::string output = log == nullptr ? "" : log->read(0, SIZE_MAX).data;
  if (output != reader.log()) wrong.push_back("a page shows another output than was written");
}

}  // namespace telltale::sim
