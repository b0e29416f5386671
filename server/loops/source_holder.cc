#include "loops/source_holder.h"

#include <spdlog/spdlog.h>

namespace telltale::loops {
namespace {

// What threw a member out rarely mends itself, and a person reads the sentence each time.
constexpr std::int64_t kRejoinUs = 10'000'000;

}  // namespace

SourceHolder::SourceHolder(ports::Runtime& loop, ports::Log& log, ports::EventGate& gate,
                           std::string name, Counters& counters, Open open,
                           CollectLoop::OnTrouble on_trouble)
    : loop_(loop),
      log_(log),
      gate_(gate),
      name_(std::move(name)),
      partition_(log.partition_of(ports::kSourcesTopic, name_)),
      counters_(counters),
      open_(std::move(open)),
      on_trouble_(std::move(on_trouble)) {}

void SourceHolder::start() {
  loop_.post(alive_.task([this] { join(); }));
}

void SourceHolder::join() {
  if (stopping_) return;
  on_trouble_({});
  const auto is_ours = [this](const ports::Partition& one) { return one.number == partition_; };
  ports::MemberCallbacks callbacks;
  callbacks.assigned = [this, is_ours](const ports::Partition& partition) {
    if (is_ours(partition)) assigned();
  };
  callbacks.revoked = [this, is_ours](const ports::Partition& partition,
                                      UniqueFunction<void()> released) {
    if (is_ours(partition)) return revoked(std::move(released));
    released();
  };
  callbacks.lost = [this, is_ours](const ports::Partition& partition) {
    if (is_ours(partition)) lost();
  };
  callbacks.failed = [this](const Error& error) { failed(error); };
  // Of its own: who was not given this source must not be the one who is to read it.
  membership_ = log_.join("collect " + name_, ports::kSourcesTopic, loop_, std::move(callbacks));
}

void SourceHolder::assigned() {
  if (stopping_) return;
  reading_ = std::make_shared<Reading>();
  reading_->opened = open_();
  reading_->collect =
      std::make_unique<CollectLoop>(loop_, log_, gate_, *reading_->opened.source, name_, counters_,
                                    std::move(reading_->opened.parse),
                                    [this](const std::string& trouble) { on_trouble_(trouble); });
  reading_->collect->start();
}

void SourceHolder::revoked(UniqueFunction<void()> released) {
  if (reading_ == nullptr) return released();
  spdlog::info("collect: {} is to be read by another process", name_);
  auto reading = std::exchange(reading_, nullptr);
  CollectLoop& collect = *reading->collect;
  // Posted: the loop calls from within itself, and goes.
  collect.stop([this, reading = std::move(reading), released = std::move(released)]() mutable {
    loop_.post([reading = std::move(reading), released = std::move(released)]() mutable {
      reading.reset();
      released();
    });
  });
}

void SourceHolder::lost() {
  spdlog::warn("collect: the group took {} away", name_);
  reading_.reset();
  on_trouble_({});
}

void SourceHolder::failed(const Error& error) {
  spdlog::error("collect: out of the group of {}: {}", name_, error.message);
  reading_.reset();
  on_trouble_(error.message);
  // Posted: the membership calls from within itself.
  loop_.post(alive_.task([this] { membership_.reset(); }));
  loop_.post_after(kRejoinUs, alive_.task([this] { join(); }));
}

void SourceHolder::stop(UniqueFunction<void()> stopped) {
  loop_.post(alive_.task([this, stopped = std::move(stopped)]() mutable {
    stopping_ = true;
    auto leave = [this, stopped = std::move(stopped)]() mutable {
      reading_.reset();
      membership_.reset();  // now another one may have it
      stopped();
    };
    if (reading_ == nullptr) return leave();
    // Posted: the loop calls from within itself, and goes.
    reading_->collect->stop(
        [this, leave = std::move(leave)]() mutable { loop_.post(alive_.task(std::move(leave))); });
  }));
}

}  // namespace telltale::loops
