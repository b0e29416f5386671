#include "sim/reader.h"

#include <fmt/format.h>

namespace telltale::sim {
namespace {

constexpr std::uint32_t kRun = 1;
constexpr std::uint32_t kLog = 2;

}  // namespace

Reader::Reader(ports::Runtime& runtime, RunKey run, Faults faults)
    : runtime_(runtime), run_(std::move(run)), faults_(faults) {}

void Reader::connect(serve::LiveViews& views, serve::RunList& runs, Counters& counters) {
  session_ = std::make_unique<serve::LiveSession>(runtime_, views, runs, counters, *this,
                                                  serve::encode_binary);
  closing_ = false;
  session_->start();
  subscribe(kRun, "/api/v1/runs/" + run_.text());
  subscribe(kLog, fmt::format("/api/v1/runs/{}/tasks/{}/log?tail=1000000", run_.text(),
                              make_task_id("task-0").text()));
}

void Reader::disconnect() {
  session_.reset();
  socket_.clear();
  ++reconnects_;
}

void Reader::subscribe(std::uint32_t id, const std::string& path) {
  schema::ClientFrame frame;
  frame.mutable_subscribe()->set_id(id);
  frame.mutable_subscribe()->set_path(path);
  if (positions_.count(id) > 0) frame.mutable_subscribe()->set_since(positions_[id]);
  session_->received(frame.SerializeAsString());
}

void Reader::send(std::string message) { socket_.push_back(std::move(message)); }

void Reader::take() {
  if (!session_ || socket_.empty()) return;
  schema::ServerMessage message;
  if (!message.ParseFromString(socket_.front()) || message.frames_size() == 0)
    trouble_ = "a message has no frames";
  socket_.pop_front();
  for (const schema::ServerFrame& frame : message.frames()) apply(frame);
  if (closing_) {
    disconnect();
  } else {
    session_->sent();
  }
}

void Reader::apply(const schema::ServerFrame& frame) {
  if (frame.has_run()) {
    const bool lost = faults_.lose_frames && !frame.snapshot() && runtime_.random() % 4 == 0;
    if (!lost) apply_run(frame);
  } else if (frame.has_log()) {
    apply_log(frame);
  } else if (frame.has_problem()) {
    // A run nobody heard of yet: asked again with the next connection.
    closing_ = true;
    return;
  } else {
    return;
  }
  positions_[frame.subscription()] = frame.position();
}

void Reader::apply_run(const schema::ServerFrame& frame) {
  if (frame.snapshot()) {
    tasks_.clear();
    series_.clear();
  }
  for (const schema::TaskView& task : frame.run().tasks()) tasks_[task.id()] = task;
  for (const schema::SeriesView& series : frame.run().series()) series_[series.id()] = series;
  if (faults_.drop_removed) return;
  for (const std::string& id : frame.run().removed_tasks()) tasks_.erase(id);
}

void Reader::apply_log(const schema::ServerFrame& frame) {
  if (frame.snapshot()) log_.clear();
  const std::uint64_t offset = faults_.lose_log_offset ? 0 : frame.log().offset();
  if (offset != log_.size())
    trouble_ = fmt::format("the output goes on at {} after {}", offset, log_.size());
  log_ += frame.log().data();
}

}  // namespace telltale::sim
