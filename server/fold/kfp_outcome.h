// What the nodes of one place in a workflow, and their pods, say of its state: one node, or a Retry
// node with its attempts. The pod is the truth about waiting: Argo calls a node running or pending
// long before a pod can be scheduled. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fold/run_state.h"

namespace telltale::schema {
class SourceNode;
class SourcePod;
}  // namespace telltale::schema

namespace telltale::fold {

struct Outcome {
  State state = State::unspecified;  // unspecified: there is no node
  std::string message;
  std::int64_t started_at_us = 0;  // of the work itself, where a pod tells it
  std::int64_t finished_at_us = 0;
  std::optional<ProgressState> progress;
  const schema::SourceNode* node = nullptr;  // the one it is of: the newest attempt

  bool known() const { return state != State::unspecified; }
  bool final() const { return known() && has_ended(state); }
};

struct NodeWithPod {
  const schema::SourceNode* node = nullptr;
  std::int32_t attempt = -1;               // from 0; -1: it is none
  const schema::SourcePod* pod = nullptr;  // the newest one, if there is any
};

Outcome outcome_of(const NodeWithPod& node);
// Of those of one place, in any order.
Outcome outcome_of(const std::vector<NodeWithPod>& nodes);

// Why a pod waits, in words; empty if it does not.
std::string waiting_reason(const schema::SourcePod& pod);
// Why it waits, or what ended it.
std::string reason_of(const schema::SourcePod& pod);

}  // namespace telltale::fold
