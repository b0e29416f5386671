#include "sim/fold_ports.h"

#include "keep/checkpoint.h"

namespace telltale::sim {
namespace {

constexpr std::int64_t kLateUs = 3'000'000;

}  // namespace

bool BuggyStore::is_late(const std::string& key) const {
  const bool checkpoint = key.find("/checkpoint") != std::string::npos;
  const bool snapshots =
      key.find("/packs/") != std::string::npos || key.find("/snapshots/") != std::string::npos;
  return (bug_ == FoldBug::commit_before_checkpoint && checkpoint) ||
         (bug_ == FoldBug::checkpoint_before_pack && snapshots) ||
         (bug_ == FoldBug::checkpoint_before_blocks && key.find("/events/") != std::string::npos);
}

void BuggyStore::put(std::string key, std::string bytes, ports::Condition condition,
                     ports::Completion<Result<std::string>> done) {
  if (bug_ == FoldBug::no_generation_check) condition = {};
  if (bug_ == FoldBug::archived_too_far) {
    if (auto checkpoint = keep::decode_checkpoint(bytes); checkpoint.ok()) {
      checkpoint->archived.next = checkpoint->next;
      bytes = keep::encode_checkpoint(checkpoint.value());
    }
  }
  if (!is_late(key)) {
    inner_.put(std::move(key), std::move(bytes), std::move(condition), std::move(done));
    return;
  }
  const std::string promised = std::to_string(promised_.size());
  promised_[promised];
  done(promised);
  runtime_.post_after(kLateUs, [this, key = std::move(key), bytes = std::move(bytes),
                                condition = std::move(condition), promised]() mutable {
    // Told over an etag that was promised: by now it is there.
    const auto real = promised_.find(condition.etag);
    if (real != promised_.end()) condition.etag = real->second;
    inner_.put(std::move(key), std::move(bytes), std::move(condition),
               {runtime_, [this, promised](Result<std::string> etag) {
                  if (etag.ok()) promised_[promised] = etag.take();
                }});
  });
}

}  // namespace telltale::sim
