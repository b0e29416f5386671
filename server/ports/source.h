// Source: where events come from that nobody posts: a file, a Kubernetes watch, a KFP API that is
// asked again and again. It hands over raw facts and a position after them, and keeps nothing: who
// reads remembers the position. Real implementation: file_source. Any thread may call; answers
// arrive on the caller's loop (Completion).
//
// What every implementation promises (contract: ports/source_contract_test.h):
//  - a position is a text of the source's own making, "" before everything. It stays good over a
//    restart of whoever reads, and an earlier one may be given back: the same facts follow it
//    again, each with the same id.
//  - read returns the facts after `from` in the source's order, without a gap. It waits up to
//    `wait_us` for the first one and then answers with none, and with the position it was given; or
//    with none and another position, where the source moved on without a fact.
//  - a position that can't be continued, because the source has lost what followed it or never
//    gave it, answers `expired`. Then read from "": all that is still there, repeats included,
//    which are harmless because a fact's id is made of the source's data. "" never expires.
//  - a fact that is larger than asked for comes as its first bytes, so that it is refused in words
//    and not lost without a trace.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "ports/runtime.h"

namespace telltale::ports {

struct Item {
  // 26 characters, as hash_id makes them: of the source's data alone, so that two who read it, or
  // one who reads it again, say the same; other facts have other ids.
  std::string id;
  std::string bytes;       // as the source gave them
  std::uint64_t size = 0;  // of the fact; more than bytes.size() where it is larger than asked for

  bool operator==(const Item&) const = default;
};

struct SourceBatch {
  std::vector<Item> items;
  std::string position;  // after them
  // What is told before it can't be told again as well: it is kept at once, not within a second.
  bool keep_now = false;
};

struct SourceLimits {
  std::size_t items_max = limits::kSourceBatchItems;
  std::size_t bytes_max = limits::kSourceBatchBytes;  // at least one item is returned all the same
  std::size_t item_bytes_max = limits::kEventBytes;
  std::int64_t wait_us = 0;
};

class Source {
 public:
  virtual ~Source() = default;

  // One at a time: the next one once this is answered. `expired`, `closed`, or what keeps the
  // source from being read now; reading on may then succeed later.
  virtual void read(std::string from, SourceLimits limits,
                    Completion<Result<SourceBatch>> done) = 0;
  // Answers what is under way, with what it has or `closed`, and everything else with `closed`.
  // Idempotent.
  virtual void close() = 0;
};

inline Error source_expired() {
  return {ErrorCode::expired, "The source cannot go on from this position."};
}
inline Error source_closed() { return {ErrorCode::closed, "The source is closed."}; }

}  // namespace telltale::ports
