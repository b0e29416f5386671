#include "fold/kfp_outcome.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "schema/event.pb.h"

namespace telltale::fold {
namespace {

std::string joined(const std::string& reason, const std::string& message) {
  if (reason.empty() || message.empty()) return reason + message;
  return fmt::format("{}: {}", reason, message);
}

State state_of_phase(const std::string& phase) {
  if (phase == "Pending") return State::queued;
  if (phase == "Running") return State::running;
  if (phase == "Succeeded") return State::succeeded;
  if (phase == "Failed" || phase == "Error") return State::failed;
  if (phase == "Skipped" || phase == "Omitted") return State::skipped;
  return phase.empty() ? State::pending : State::unknown;
}

// "7/12", of a task that tells its own progress; "0/1" and "1/1" are what Argo puts there.
std::optional<ProgressState> progress_of(const std::string& text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string::npos) return std::nullopt;
  std::int64_t done = 0;
  std::int64_t total = 0;
  std::from_chars(text.data(), text.data() + slash, done);
  std::from_chars(text.data() + slash + 1, text.data() + text.size(), total);
  if (total <= 1) return std::nullopt;
  return ProgressState{static_cast<double>(done), static_cast<double>(total), "", ""};
}

bool works(const schema::SourceContainer& container) {
  return !container.machinery() && !container.init() && container.state() == "running";
}

// When the user's container began; 0 before.
std::int64_t began_at_us(const schema::SourcePod& pod) {
  std::int64_t began = 0;
  for (const schema::SourceContainer& container : pod.containers()) {
    if (container.machinery() || container.init() || container.started_at_us() == 0) continue;
    began = began == 0 ? container.started_at_us() : std::min(began, container.started_at_us());
  }
  return began;
}

// A kubelet's words while all is well.
bool is_ordinary(const std::string& reason) {
  return reason.empty() || reason == "PodInitializing" || reason == "ContainerCreating";
}

// What killed a container, with the limit it ran into.
std::string end_of(const schema::SourceContainer& container) {
  std::string words = container.reason();
  if (container.exit_code() != 0)
    words += fmt::format("{}(exit code {})", words.empty() ? "" : " ", container.exit_code());
  if (container.reason() == "OOMKilled") {
    const auto limit = container.limits().find("memory");
    if (limit != container.limits().end())
      words += fmt::format(", its memory limit is {}", limit->second);
  }
  return words;
}

const schema::SourceContainer* killed(const schema::SourcePod& pod) {
  for (const schema::SourceContainer& container : pod.containers()) {
    if (!container.machinery() && container.state() == "terminated" && container.exit_code() != 0)
      return &container;
  }
  return nullptr;
}

void refine_by_pod(const schema::SourcePod& pod, Outcome& outcome) {
  const bool open = outcome.state == State::queued || outcome.state == State::running;
  const std::string waits = waiting_reason(pod);
  const bool working = std::any_of(pod.containers().begin(), pod.containers().end(), works);
  if (open && working) {
    outcome.state = State::running;
    outcome.message.clear();
    int restarts = 0;
    for (const schema::SourceContainer& container : pod.containers()) {
      if (!container.machinery()) restarts = std::max(restarts, container.restarts());
    }
    if (restarts > 0) outcome.message = fmt::format("Restarted {} times", restarts);
  } else if (open && pod.phase() == "Pending" && !pod.deleted()) {
    outcome.state = State::queued;
    if (!waits.empty()) outcome.message = waits;
  } else if (outcome.state == State::failed) {
    const schema::SourceContainer* container = killed(pod);
    if (!pod.reason().empty()) {
      outcome.message = joined(pod.reason(), pod.message());
    } else if (container != nullptr && container->reason() == "OOMKilled") {
      outcome.message = end_of(*container);
    }
  }
  const std::int64_t began = began_at_us(pod);
  if (began != 0) outcome.started_at_us = began;
}

}  // namespace

std::string waiting_reason(const schema::SourcePod& pod) {
  if (pod.phase() != "Pending" || pod.deleted()) return "";
  if (!pod.unscheduled_reason().empty())
    return joined(pod.unscheduled_reason(), pod.unscheduled_message());
  std::string ordinary;
  for (const schema::SourceContainer& container : pod.containers()) {
    if (container.state() != "waiting") continue;
    if (!is_ordinary(container.reason())) return joined(container.reason(), container.message());
    if (ordinary.empty() && !container.machinery()) ordinary = container.reason();
  }
  return ordinary;
}

std::string reason_of(const schema::SourcePod& pod) {
  const std::string waits = waiting_reason(pod);
  if (!waits.empty()) return waits;
  if (!pod.reason().empty()) return joined(pod.reason(), pod.message());
  const schema::SourceContainer* container = killed(pod);
  return container == nullptr ? "" : end_of(*container);
}

Outcome outcome_of(const NodeWithPod& from) {
  const schema::SourceNode& node = *from.node;
  Outcome outcome;
  outcome.node = &node;
  outcome.state = state_of_phase(node.source_phase());
  outcome.message = node.message();
  if (node.memoized() && outcome.state == State::succeeded) outcome.state = State::cached;
  if (node.type() == "Suspend" && outcome.state == State::running) outcome.state = State::suspended;
  outcome.started_at_us = node.started_at_us();
  outcome.progress = progress_of(node.progress());
  if (from.pod != nullptr) refine_by_pod(*from.pod, outcome);
  // Argo notes a start as soon as it makes the node.
  if (outcome.state == State::queued || outcome.state == State::pending) outcome.started_at_us = 0;
  if (has_ended(outcome.state)) outcome.finished_at_us = node.finished_at_us();
  return outcome;
}

Outcome outcome_of(const std::vector<NodeWithPod>& nodes) {
  const NodeWithPod* whole = nullptr;  // a Retry node, or the only one
  const NodeWithPod* newest = nullptr;
  const NodeWithPod* first = nullptr;
  for (const NodeWithPod& node : nodes) {
    if (node.attempt < 0) {
      whole = &node;
      continue;
    }
    if (newest == nullptr || node.attempt > newest->attempt) newest = &node;
    if (first == nullptr || node.attempt < first->attempt) first = &node;
  }
  if (newest == nullptr) return whole == nullptr ? Outcome() : outcome_of(*whole);
  Outcome outcome = outcome_of(*newest);
  if (whole != nullptr) {
    const Outcome all = outcome_of(*whole);
    if (all.final()) {
      if (all.state != outcome.state) outcome.state = all.state;
      if (outcome.message.empty()) outcome.message = all.message;
      outcome.finished_at_us = all.finished_at_us;
    } else if (outcome.state == State::failed) {
      outcome.state = State::retrying;
      outcome.finished_at_us = 0;
    } else if (outcome.final()) {
      // Its attempt is done and the node above not yet noted so.
      outcome.state = outcome.state == State::succeeded ? State::running : outcome.state;
      if (!has_ended(outcome.state)) outcome.finished_at_us = 0;
    }
  }
  const Outcome began = outcome_of(*first);
  if (outcome.started_at_us != 0 && began.started_at_us != 0)
    outcome.started_at_us = std::min(outcome.started_at_us, began.started_at_us);
  return outcome;
}

}  // namespace telltale::fold
