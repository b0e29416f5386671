#include "fold/snapshot.h"

#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "base/sha256.h"
#include "fold/snapshot_coder.h"
#include "schema/snapshot.pb.h"

namespace telltale::fold {
namespace {

Status read_frame(std::string_view bytes, schema::SnapshotFile* file) {
  if (file->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return Done{};
  return Error{ErrorCode::corrupt, "The snapshot is not readable: its frame is broken."};
}

Status check_sum(const schema::SnapshotFile& file) {
  if (checksum(file.content()) == file.checksum()) return Done{};
  return Error{ErrorCode::corrupt, "The snapshot is not what was written: its checksum differs."};
}

}  // namespace

Result<std::string> encode(const RunView& view, std::size_t most) {
  schema::RunSnapshot snapshot;
  SnapshotCoder::write(view, &snapshot);
  if (const std::size_t bytes = snapshot.ByteSizeLong(); bytes > most) {
    return Error{ErrorCode::too_large,
                 fmt::format("A snapshot of {} bytes is larger than {}.", bytes, most)};
  }
  schema::SnapshotFile file;
  file.set_fold_version(kFoldVersion);
  // The bytes are the same for the same state: maps are written in order.
  std::string bytes;
  bool written = false;
  {
    google::protobuf::io::StringOutputStream stream(file.mutable_content());
    google::protobuf::io::CodedOutputStream out(&stream);
    out.SetSerializationDeterministic(true);
    written = snapshot.SerializeToCodedStream(&out);
  }
  file.set_checksum(checksum(file.content()));
  written = written && file.SerializeToString(&bytes);
  if (!written) return Error{ErrorCode::internal, "The snapshot cannot be written."};
  return bytes;
}

Result<RunView> decode(std::string_view bytes) {
  schema::SnapshotFile file;
  if (Status framed = read_frame(bytes, &file); !framed.ok()) return framed.error();
  if (file.fold_version() != kFoldVersion) {
    return Error{ErrorCode::precondition_failed,
                 fmt::format("The snapshot is of version {} of the fold, this is version {}.",
                             file.fold_version(), kFoldVersion)};
  }
  if (Status whole = check_sum(file); !whole.ok()) return whole.error();
  schema::RunSnapshot snapshot;
  if (!snapshot.ParseFromString(file.content()))
    return Error{ErrorCode::corrupt, "The snapshot is not readable: its content is broken."};
  std::optional<RunKey> key = RunKey::parse(snapshot.run_key());
  if (!key) return Error{ErrorCode::corrupt, "The snapshot names no run."};
  RunView view(std::move(*key));
  if (!SnapshotCoder::read(snapshot, &view))
    return Error{ErrorCode::corrupt, "The snapshot contradicts itself."};
  return view;
}

Status check_snapshot(std::string_view bytes) {
  schema::SnapshotFile file;
  if (Status framed = read_frame(bytes, &file); !framed.ok()) return framed;
  return check_sum(file);
}

}  // namespace telltale::fold
