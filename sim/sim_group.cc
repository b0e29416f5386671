#include "sim/sim_group.h"

#include <algorithm>
#include <utility>

namespace telltale::sim {

struct SimGroup::Member {
  ports::Runtime& home;
  ports::MemberCallbacks callbacks;
  bool left = false;
  bool expired = false;
  std::vector<int> taken;  // from it, and it does not know
};

class SimGroup::Handle final : public ports::Membership {
 public:
  Handle(SimGroup& group, MemberPtr member) : group_(group), member_(std::move(member)) {}
  ~Handle() override { group_.leave(member_); }

 private:
  SimGroup& group_;
  MemberPtr member_;
};

SimGroup::SimGroup(std::string topic, int partitions)
    : topic_(std::move(topic)), partitions_(static_cast<std::size_t>(partitions)) {}

std::unique_ptr<ports::Membership> SimGroup::join(ports::Runtime& home,
                                                  ports::MemberCallbacks callbacks) {
  auto member = std::make_shared<Member>(Member{home, std::move(callbacks), false, false, {}});
  members_.push_back(member);
  share();
  return std::make_unique<Handle>(*this, member);
}

void SimGroup::share() {
  std::vector<MemberPtr> active;
  for (const MemberPtr& member : members_) {
    if (!member->expired) active.push_back(member);
  }
  if (active.empty()) return;
  for (std::size_t i = 0; i < partitions_.size(); ++i) {
    const MemberPtr& target = active[i % active.size()];
    const Held& held = partitions_[i];
    if (held.by == target || held.moving) continue;
    held.by == nullptr ? give(static_cast<int>(i), target) : ask_back(static_cast<int>(i));
  }
}

void SimGroup::give(int partition, const MemberPtr& member) {
  Held& held = partitions_[static_cast<std::size_t>(partition)];
  held = {member, false, held.turn + 1};
  member->home.post([this, member, partition] {
    if (!member->left) member->callbacks.assigned({topic_, partition});
  });
}

void SimGroup::ask_back(int partition) {
  Held& held = partitions_[static_cast<std::size_t>(partition)];
  held.moving = true;
  held.by->home.post([this, member = held.by, partition, turn = held.turn] {
    if (member->left) return;
    member->callbacks.revoked({topic_, partition}, [this, partition, turn] {
      Held& held = partitions_[static_cast<std::size_t>(partition)];
      if (held.turn != turn || !held.moving) return;
      held = {nullptr, false, turn};
      share();
    });
  });
}

void SimGroup::take_all(const MemberPtr& member) {
  for (std::size_t i = 0; i < partitions_.size(); ++i) {
    if (partitions_[i].by != member) continue;
    partitions_[i] = {nullptr, false, partitions_[i].turn + 1};
    member->taken.push_back(static_cast<int>(i));
  }
}

void SimGroup::expire(const ports::Runtime& home) {
  for (const MemberPtr& member : members_) {
    if (&member->home != &home || member->expired) continue;
    member->expired = true;
    take_all(member);
  }
  share();
}

void SimGroup::rejoin(const ports::Runtime& home) {
  for (const MemberPtr& member : members_) {
    if (&member->home != &home) continue;
    member->expired = false;
    for (const int partition : std::exchange(member->taken, {})) {
      member->home.post([this, member, partition] {
        if (!member->left) member->callbacks.lost({topic_, partition});
      });
    }
  }
  share();
}

void SimGroup::leave(const MemberPtr& member) {
  member->left = true;
  take_all(member);
  members_.erase(std::remove(members_.begin(), members_.end(), member), members_.end());
  share();
}

}  // namespace telltale::sim
