// CollectLoop: source -> log. Finds how far the source was read, then again and again reads facts,
// has them parsed and appends their events, and once a second appends the position that it came to.
// A crash at any point repeats work and loses none; the fold drops what repeats. Owned by `main`,
// lives on collect's loop; knows no formats.
#pragma once

#include <string>
#include <vector>

#include "base/counters.h"
#include "ports/alive.h"
#include "ports/event_gate.h"
#include "ports/log.h"
#include "ports/source.h"

namespace telltale::loops {

class CollectLoop {
 public:
  // Facts -> records of telltale.events. What is no event is noted by who parses, and left out.
  using Parse = UniqueFunction<std::vector<ports::Record>(const std::vector<ports::Item>&)>;
  // What keeps the source from being read or its events from being appended, in a sentence; empty
  // once that is over. On the loop.
  using OnTrouble = UniqueFunction<void(const std::string&)>;

  // `name`: of the source, under which its position is kept.
  CollectLoop(ports::Runtime& loop, ports::Log& log, ports::EventGate& gate, ports::Source& source,
              std::string name, Counters& counters, Parse parse, OnTrouble on_trouble);

  // Of any thread.
  void start();
  // Closes the source; calls `stopped` on the loop once what was read is appended, position and
  // all: within limits::kHandOverUs whatever fails, since a crash would lose nothing either.
  void stop(UniqueFunction<void()> stopped);

 private:
  // What is done next, and again where it failed.
  enum class Step { find_bounds, find_position, read, append_events, append_position };

  void take(Step step);
  void find_bounds();
  void find_position();
  void look_at(const ports::StoredRecord& record);
  void read();
  void on_batch(ports::SourceBatch batch);
  void append_events();
  void append_position();
  bool is_position_kept() const { return position_ == kept_position_; }

  template <typename T, typename F>
  ports::Completion<Result<T>> answer(F done);
  void failed(const Error& error);
  void relist();
  void try_again();
  void tell(const std::string& trouble);
  void end();

  ports::Runtime& loop_;
  ports::Log& log_;  // for positions
  ports::EventGate& gate_;
  ports::Source& source_;
  const std::string name_;
  const ports::Partition positions_;
  Counters& counters_;
  Parse parse_;
  OnTrouble on_trouble_;

  Step step_ = Step::find_bounds;
  LogOffset look_from_{};  // for the position, in telltale.sources
  LogOffset look_to_{};
  std::string position_;                 // all before it is in the log
  std::string kept_position_;            // as it is in the log
  std::int64_t keep_at_us_ = INT64_MIN;  // not before, by the steady clock
  std::vector<ports::Record> records_;   // under way to the log
  std::string next_position_;            // behind them
  std::int64_t read_at_us_ = INT64_MIN;  // not before: the pace of one source

  int failures_ = 0;  // since a read that went on from a position
  bool idle_ = true;  // nothing is under way: not started yet, or between two tries
  std::string trouble_;
  bool stopping_ = false;
  bool ended_ = false;
  UniqueFunction<void()> stopped_;
  ports::Alive alive_;
};

}  // namespace telltale::loops
