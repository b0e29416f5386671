// LocalGroups: consumer groups whose members are all in this process. Shares the partitions of a
// topic evenly among a group's members and moves as few as it must when one joins or leaves. Owned
// by a log; any thread may join, members are told on their own loops.
#pragma once

#include <memory>
#include <string>

#include "ports/log.h"

namespace telltale::log {

class LocalGroups {
 public:
  LocalGroups();
  ~LocalGroups();

  std::unique_ptr<ports::Membership> join(const std::string& group, const std::string& topic,
                                          int partitions, ports::Runtime& home,
                                          ports::MemberCallbacks callbacks);
  // Members are told nothing from here on, and join() makes only such. Idempotent.
  void close();
  // For simulations, where all is on one loop: forgets all members, untold, as the process they
  // were in has ended. join() goes on.
  void forget();

 private:
  struct State;
  std::shared_ptr<State> state_;  // memberships may outlive close()
};

}  // namespace telltale::log
