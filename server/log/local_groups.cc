#include "log/local_groups.h"

#include <algorithm>
#include <map>
#include <mutex>
#include <vector>

namespace telltale::log {
namespace {

using Name = std::pair<std::string, std::string>;  // group, topic

// A member as its own loop sees it; `left` and the callbacks belong to that loop.
struct Member {
  Member(ports::Runtime& home, ports::MemberCallbacks callbacks)
      : home(home), callbacks(std::move(callbacks)) {}
  ports::Runtime& home;
  ports::MemberCallbacks callbacks;
  bool left = false;
};
using MemberPtr = std::shared_ptr<Member>;

struct Held {
  MemberPtr by;         // none: nobody has it
  bool moving = false;  // `by` was asked to release it
};

struct Group {
  std::vector<MemberPtr> members;  // in the order they joined
  std::vector<Held> partitions;
};

}  // namespace

// The mutex guards the groups. Callbacks are posted while it is held, which keeps their order.
struct LocalGroups::State : std::enable_shared_from_this<State> {
  std::mutex mutex;
  std::map<Name, Group> groups;
  bool closed = false;

  void share(const Name& name);
  void give(const Name& name, int partition, const MemberPtr& member);
  void ask_back(const Name& name, int partition);
  // False if it moved on before: of a release and its time-out, one counts.
  bool release(const Name& name, int partition, const MemberPtr& member);
  void leave(const Name& name, const MemberPtr& member);
};

namespace {

std::size_t held_by(const Group& group, const MemberPtr& member) {
  return static_cast<std::size_t>(
      std::count_if(group.partitions.begin(), group.partitions.end(),
                    [&](const Held& held) { return held.by == member && !held.moving; }));
}

// How many each member should hold: within one of each other; who has more keeps the odd ones.
std::map<MemberPtr, std::size_t> fair_shares(const Group& group) {
  std::vector<MemberPtr> by_held = group.members;
  std::stable_sort(by_held.begin(), by_held.end(), [&](const auto& a, const auto& b) {
    return held_by(group, a) > held_by(group, b);
  });
  std::map<MemberPtr, std::size_t> shares;
  for (std::size_t i = 0; i < by_held.size(); ++i) {
    const bool odd = i < group.partitions.size() % by_held.size();
    shares[by_held[i]] = group.partitions.size() / by_held.size() + (odd ? 1 : 0);
  }
  return shares;
}

}  // namespace

void LocalGroups::State::share(const Name& name) {
  Group& group = groups[name];
  if (group.members.empty()) {
    groups.erase(name);
    return;
  }
  std::map<MemberPtr, std::size_t> room = fair_shares(group);
  // Those who hold too much are asked for what is above their share; room is what is left to take.
  for (std::size_t i = 0; i < group.partitions.size(); ++i) {
    const Held& held = group.partitions[i];
    if (held.by == nullptr || held.moving) continue;
    std::size_t& left = room[held.by];
    if (left == 0) {
      ask_back(name, static_cast<int>(i));
    } else {
      --left;
    }
  }
  for (std::size_t i = 0; i < group.partitions.size(); ++i) {
    if (group.partitions[i].by != nullptr) continue;
    const auto taker = std::find_if(group.members.begin(), group.members.end(),
                                    [&](const MemberPtr& member) { return room[member] > 0; });
    CHECK(taker != group.members.end(), "no room for partition {} of {}", i, name.second);
    --room[*taker];
    give(name, static_cast<int>(i), *taker);
  }
}

void LocalGroups::State::give(const Name& name, int partition, const MemberPtr& member) {
  groups[name].partitions[static_cast<std::size_t>(partition)] = {member, false};
  member->home.post([member, partition = ports::Partition{name.second, partition}] {
    if (!member->left) member->callbacks.assigned(partition);
  });
}

void LocalGroups::State::ask_back(const Name& name, int partition) {
  Held& held = groups[name].partitions[static_cast<std::size_t>(partition)];
  held.moving = true;
  held.by->home.post([self = shared_from_this(), name, partition, member = held.by] {
    if (member->left) return;
    const ports::Partition which{name.second, partition};
    const ports::TimerId timer =
        member->home.post_after(limits::kReleaseUs, [self, name, which, member] {
          if (member->left || !self->release(name, which.number, member)) return;
          member->callbacks.lost(which);
        });
    member->callbacks.revoked(which, [self, name, partition, member, timer] {
      member->home.cancel(timer);
      self->release(name, partition, member);
    });
  });
}

bool LocalGroups::State::release(const Name& name, int partition, const MemberPtr& member) {
  std::lock_guard lock(mutex);
  const auto group = groups.find(name);
  if (closed || group == groups.end()) return false;
  Held& held = group->second.partitions[static_cast<std::size_t>(partition)];
  if (held.by != member || !held.moving) return false;
  held = {};
  share(name);
  return true;
}

void LocalGroups::State::leave(const Name& name, const MemberPtr& member) {
  member->left = true;
  std::lock_guard lock(mutex);
  const auto found = groups.find(name);
  if (closed || found == groups.end()) return;
  Group& group = found->second;
  for (Held& held : group.partitions) {
    if (held.by == member) held = {};
  }
  group.members.erase(std::remove(group.members.begin(), group.members.end(), member),
                      group.members.end());
  share(name);
}

namespace {

class LocalMembership final : public ports::Membership {
 public:
  explicit LocalMembership(UniqueFunction<void()> leave) : leave_(std::move(leave)) {}
  ~LocalMembership() override { leave_(); }

 private:
  UniqueFunction<void()> leave_;
};

}  // namespace

LocalGroups::LocalGroups() : state_(std::make_shared<State>()) {}

LocalGroups::~LocalGroups() { close(); }

std::unique_ptr<ports::Membership> LocalGroups::join(const std::string& group,
                                                     const std::string& topic, int partitions,
                                                     ports::Runtime& home,
                                                     ports::MemberCallbacks callbacks) {
  const Name name{group, topic};
  auto member = std::make_shared<Member>(home, std::move(callbacks));
  std::lock_guard lock(state_->mutex);
  if (!state_->closed) {
    Group& joined = state_->groups[name];
    joined.partitions.resize(static_cast<std::size_t>(partitions));
    joined.members.push_back(member);
    state_->share(name);
  }
  return std::make_unique<LocalMembership>(
      [state = state_, name, member] { state->leave(name, member); });
}

void LocalGroups::close() {
  std::lock_guard lock(state_->mutex);
  state_->closed = true;
  state_->groups.clear();
}

void LocalGroups::forget() {
  std::lock_guard lock(state_->mutex);
  for (auto& [name, group] : state_->groups) {
    for (const MemberPtr& member : group.members) member->left = true;
  }
  state_->groups.clear();
}

}  // namespace telltale::log
