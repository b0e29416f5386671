// Snapshots, checkpoints and manifests as a store gives them back, damaged or not. The first byte
// says which; a snapshot's content and a checkpoint are also tried with the checksum that belongs
// to them, or nothing would ever get behind that.
#include <fmt/format.h>

#include "base/sha256.h"
#include "fold/snapshot.h"
#include "fold/view_encoder.h"
#include "fuzz/harness.h"
#include "fuzz/quiet_protobuf.h"
#include "keep/checkpoint.h"
#include "schema/event.pb.h"
#include "schema/snapshot.pb.h"

namespace {

namespace fold = telltale::fold;
namespace keep = telltale::keep;

void try_checkpoint(std::string_view bytes) {
  const auto checkpoint = keep::decode_checkpoint(bytes);
  if (!checkpoint.ok()) return;
  const auto again = keep::decode_checkpoint(keep::encode_checkpoint(checkpoint.value()));
  CHECK(again.ok() && again.value() == checkpoint.value(),
        "a checkpoint changes when written again");
}

void try_manifest(std::string_view bytes) {
  const auto manifest = keep::decode_manifest(bytes);
  if (!manifest.ok()) return;
  const auto again = keep::decode_manifest(keep::encode_manifest(manifest.value()));
  CHECK(again.ok() && again.value() == manifest.value(), "a manifest changes when written again");
}

void try_snapshot(std::string_view bytes) {
  auto view = fold::decode(bytes);
  if (!view.ok()) return;
  (void)fold::encode_run(view.value());
  (void)fold::encode_layout(view.value());
  telltale::schema::Event event;
  event.set_happened_at_us(1);
  event.mutable_task_state()->set_path("group/task");
  event.mutable_task_state()->set_state(telltale::schema::FAILED);
  view->apply(telltale::next(view->position()), event);
  const auto again = fold::decode(*fold::encode(view.value()));
  CHECK(again.ok(), "a snapshot that was read cannot be written: {}", again.error().message);
}

std::string with_checksum(std::string_view content) {
  telltale::schema::SnapshotFile file;
  file.set_fold_version(fold::kFoldVersion);
  file.set_checksum(telltale::checksum(content));
  file.set_content(std::string(content));
  return file.SerializeAsString();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes = telltale::fuzz::text_of(data + 1, size - 1);
  if (data[0] == 'c') {
    try_checkpoint(bytes);
    try_checkpoint(fmt::format("{}checksum {:016x}\n", bytes, telltale::checksum(bytes)));
  } else if (data[0] == 'm') {
    try_manifest(bytes);
  } else {
    try_snapshot(bytes);
    try_snapshot(with_checksum(bytes));
  }
  return 0;
}
