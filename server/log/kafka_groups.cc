#include "log/kafka_groups.h"

#include <algorithm>

namespace telltale::log {

// The mutex guards all of it.
struct KafkaGroups::State {
  struct Joined {
    std::string group;
    std::string instance;
    std::shared_ptr<KafkaMember> member;
  };

  State(const KafkaConfig& config, KafkaHealth& health) : config(config), health(health) {}

  const KafkaConfig config;
  KafkaHealth& health;
  std::mutex mutex;
  std::vector<Joined> joined;
  std::vector<std::shared_ptr<KafkaMember>> leaving;
  bool closed = false;

  std::string free_instance() const;
  void leave(const std::shared_ptr<KafkaMember>& member);
};

namespace {

class KafkaMembership final : public ports::Membership {
 public:
  explicit KafkaMembership(UniqueFunction<void()> leave) : leave_(std::move(leave)) {}
  ~KafkaMembership() override { leave_(); }

 private:
  UniqueFunction<void()> leave_;
};

}  // namespace

KafkaGroups::KafkaGroups(const KafkaConfig& config, KafkaHealth& health)
    : state_(std::make_shared<State>(config, health)) {}

KafkaGroups::~KafkaGroups() { close(); }

// The first member has the name that was given, the next ones a number behind it: the group takes
// two of one name for one that came back.
std::string KafkaGroups::State::free_instance() const {
  if (config.instance.empty()) return "";
  const auto taken = [&](const std::string& name) {
    return std::any_of(joined.begin(), joined.end(),
                       [&](const Joined& one) { return one.instance == name; });
  };
  std::string name = config.instance;
  for (int number = 2; taken(name); ++number) name = config.instance + "-" + std::to_string(number);
  return name;
}

std::unique_ptr<ports::Membership> KafkaGroups::join(const std::string& group,
                                                     const std::string& topic, ports::Runtime& home,
                                                     ports::MemberCallbacks callbacks) {
  std::lock_guard lock(state_->mutex);
  if (state_->closed) return std::make_unique<ports::Membership>();
  const std::string& prefix = state_->config.prefix;
  const std::string instance = state_->free_instance();
  auto member = KafkaMember::join(state_->config, instance, prefix + group, prefix + topic, topic,
                                  home, std::move(callbacks), state_->health);
  // Its settings were tried when the log was opened.
  CHECK(member.ok(), "no member of {}: {}", group, member.error().message);
  state_->joined.push_back({prefix + group, instance, member.value()});
  return std::make_unique<KafkaMembership>([state = state_, member = member.value()] {
    member->fall_silent();
    state->leave(member);
  });
}

// The member's thread does what takes time; it is waited for when the log closes. Those that are
// through by now go.
void KafkaGroups::State::leave(const std::shared_ptr<KafkaMember>& member) {
  member->leave();
  std::lock_guard lock(mutex);
  const auto found = std::find_if(joined.begin(), joined.end(),
                                  [&](const Joined& one) { return one.member == member; });
  if (found == joined.end()) return;
  joined.erase(found);
  leaving.erase(std::remove_if(leaving.begin(), leaving.end(),
                               [](const auto& one) { return one->has_left(); }),
                leaving.end());
  leaving.push_back(member);
}

std::shared_ptr<KafkaMember> KafkaGroups::member_of(const std::string& group) {
  std::lock_guard lock(state_->mutex);
  const auto found = std::find_if(state_->joined.begin(), state_->joined.end(),
                                  [&](const State::Joined& one) { return one.group == group; });
  return found == state_->joined.end() ? nullptr : found->member;
}

void KafkaGroups::close() {
  std::vector<std::shared_ptr<KafkaMember>> all;
  {
    std::lock_guard lock(state_->mutex);
    state_->closed = true;
    all.swap(state_->leaving);
    for (State::Joined& one : state_->joined) all.push_back(std::move(one.member));
    state_->joined.clear();
  }
  for (const auto& member : all) member->leave();
  for (const auto& member : all) member->wait_until_left();
}

}  // namespace telltale::log
