// SourceHolder: reads a source for as long as this process is the one that does. All who were given
// a source of the same name are members of a consumer group of its own; who holds the partition
// that the source's position is in has it read by a CollectLoop, and when he dies or leaves another
// one goes on from that position. Two may overlap for a moment: what is told twice counts once.
// Owned by `main`, lives on collect's loop; knows no formats.
#pragma once

#include <memory>
#include <string>

#include "base/counters.h"
#include "loops/collect_loop.h"
#include "ports/alive.h"
#include "ports/event_gate.h"
#include "ports/log.h"
#include "ports/source.h"

namespace telltale::loops {

class SourceHolder {
 public:
  struct Opened {
    std::unique_ptr<ports::Source> source;
    CollectLoop::Parse parse;
  };
  // The source as from its beginning; it knows nothing of what was told before.
  using Open = UniqueFunction<Opened()>;

  // `on_trouble`: as CollectLoop's, and why this process is out of the group.
  SourceHolder(ports::Runtime& loop, ports::Log& log, ports::EventGate& gate, std::string name,
               Counters& counters, Open open, CollectLoop::OnTrouble on_trouble);

  // Of any thread.
  void start();
  // As CollectLoop's; then leaves the group, so that another one goes on at once.
  void stop(UniqueFunction<void()> stopped);

 private:
  struct Reading {
    Opened opened;
    std::unique_ptr<CollectLoop> collect;  // goes first
  };

  void join();
  void assigned();
  void revoked(UniqueFunction<void()> released);
  void lost();
  void failed(const Error& error);

  ports::Runtime& loop_;
  ports::Log& log_;
  ports::EventGate& gate_;
  const std::string name_;
  const int partition_;
  Counters& counters_;
  Open open_;
  CollectLoop::OnTrouble on_trouble_;
  std::unique_ptr<ports::Membership> membership_;
  std::shared_ptr<Reading> reading_;  // null: another one reads it, or nobody yet
  bool stopping_ = false;
  ports::Alive alive_;
};

}  // namespace telltale::loops
