// SimGroup: one consumer group whose members are on machines that can fall silent: expire() takes
// the partitions of such a member away and gives them to the others, as Kafka's group coordinator
// does after the session time-out; the member hears of it by rejoin(), some time after it woke. One
// loop, no threads; outlives its members.
#pragma once

#include <memory>
#include <vector>

#include "ports/log.h"

namespace telltale::sim {

class SimGroup {
 public:
  SimGroup(std::string topic, int partitions);

  std::unique_ptr<ports::Membership> join(ports::Runtime& home, ports::MemberCallbacks callbacks);
  void expire(const ports::Runtime& home);
  void rejoin(const ports::Runtime& home);

 private:
  struct Member;
  class Handle;
  using MemberPtr = std::shared_ptr<Member>;
  struct Held {
    MemberPtr by;
    bool moving = false;     // `by` was asked to release it
    std::uint64_t turn = 0;  // of having it: a release of an earlier turn counts for nothing
  };

  void share();
  void give(int partition, const MemberPtr& member);
  void ask_back(int partition);
  void take_all(const MemberPtr& member);
  void leave(const MemberPtr& member);

  const std::string topic_;
  std::vector<MemberPtr> members_;
  std::vector<Held> partitions_;
};

}  // namespace telltale::sim
