#include "sim/producer.h"

#include <fmt/format.h>

#include <algorithm>

namespace telltale::sim {

Producer::Producer(ports::Runtime& runtime, int number, bool numbered)
    : runtime_(runtime),
      run_(make_run_key("sim", "", "run", std::to_string(number))),
      epoch_(fmt::format("epoch-{}", number)),
      numbered_(numbered) {
  schema::Event& event = add();
  event.mutable_run_state()->set_state(schema::RUNNING);
  event.mutable_run_state()->set_version(1);
  event.mutable_run_state()->set_name(fmt::format("run {}", number));
}

schema::Event& Producer::add() {
  schema::Event& event = events_.emplace_back();
  event.set_run_key(run_.text());
  event.set_happened_at_us(to_number(runtime_.now()));
  if (numbered_) {
    event.set_epoch(epoch_);
    event.set_sequence(events_.size());
  }
  return event;
}

void Producer::invent() {
  const auto path = [&] {
    return fmt::format("task-{}", runtime_.random() % static_cast<std::uint64_t>(tasks_));
  };
  const std::uint64_t what = tasks_ == 0 ? 0 : runtime_.random() % 9;
  schema::Event& event = add();
  switch (what) {
    case 0: {
      event.mutable_graph()->set_version(++version_);
      auto& task = *event.mutable_graph()->add_tasks();
      for (std::uint64_t i = tasks_ == 0 ? 0 : runtime_.random() % 3; i > 0; --i)
        task.add_depends_on(path());
      task.set_path(fmt::format("task-{}", tasks_++));
      break;
    }
    case 1: {
      event.mutable_graph()->set_version(++version_);
      event.mutable_graph()->add_removed(path());
      break;
    }
    case 2: {
      auto& state = *event.mutable_task_state();
      state.set_path(path());
      state.set_version(++version_);
      state.set_state(static_cast<schema::State>(1 + runtime_.random() % 5));
      break;
    }
    case 3:
    case 4: {
      // Of the first task, so that one log grows long.
      const std::string text = fmt::format("line {} of {}\n", events_.size(), run_.text());
      event.mutable_log_bytes()->set_path("task-0");
      event.mutable_log_bytes()->set_offset(log_.size());
      event.mutable_log_bytes()->set_data(text);
      log_ += text;
      break;
    }
    case 5:
    case 6: {
      auto& points = *event.mutable_metric_points();
      points.set_path(path());
      points.set_name("loss");
      for (std::uint64_t i = runtime_.random() % 5 + 1; i > 0; --i) {
        points.add_step(step_++);
        points.add_value(static_cast<double>(runtime_.random() % 1000));
      }
      break;
    }
    case 7: {
      auto& artifact = *event.mutable_artifact();
      artifact.set_path(path());
      artifact.set_name(fmt::format("artifact-{}", runtime_.random() % 5));
      artifact.set_uri(fmt::format("file:/{}", events_.size()));
      break;
    }
    default: {
      event.mutable_progress()->set_path(path());
      event.mutable_progress()->set_done(static_cast<double>(runtime_.random() % 100));
      event.mutable_progress()->set_total(100);
    }
  }
}

std::string Producer::next_body() {
  if (in_flight_ || acknowledged_ == events_.size()) return "";
  // A batch that was not acknowledged is sent again just as it was.
  if (sent_ > acknowledged_) {
    ++retries_;
  } else {
    sent_ = std::min(events_.size(), acknowledged_ + 1 + runtime_.random() % 20);
  }
  in_flight_ = true;
  std::string body;
  for (std::size_t i = acknowledged_; i < sent_; ++i) {
    const std::string bytes = events_[i].SerializeAsString();
    for (std::size_t length = bytes.size(); true; length >>= 7) {
      body += static_cast<char>((length & 0x7f) | (length > 0x7f ? 0x80 : 0));
      if (length <= 0x7f) break;
    }
    body += bytes;
  }
  return body;
}

void Producer::answered(int status) {
  in_flight_ = false;
  if (status == 200) acknowledged_ = sent_;
}

void Producer::lost() { in_flight_ = false; }

}  // namespace telltale::sim
