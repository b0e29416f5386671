#include "store/directory_store.h"

#include <fmt/format.h>

#include <filesystem>

#include "store/directory_state.h"
#include "store/directory_upload.h"

namespace telltale::store {
namespace {

namespace fs = std::filesystem;

Error unusable(const std::string& directory, const std::string& why) {
  return {ErrorCode::internal, fmt::format("{} cannot be used: {}.", directory, why)};
}

}  // namespace

Result<std::unique_ptr<DirectoryStore>> DirectoryStore::open(const std::string& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) return unusable(directory, error.message());
  const Result<bool> fine_times = keeps_microseconds(directory);
  if (!fine_times.ok()) return fine_times.error();
  if (!*fine_times) {
    return unusable(directory,
                    "its file system does not keep a file's time to the microsecond, by which "
                    "objects are told apart; ext4, xfs, btrfs, zfs and tmpfs do");
  }
  auto state = std::make_shared<DirectoryState>(directory);
  fs::remove_all(state->uploads_folder(), error);  // of a process that ended in the middle
  if (error) return unusable(directory, error.message());
  return std::unique_ptr<DirectoryStore>(new DirectoryStore(std::move(state)));
}

DirectoryStore::DirectoryStore(std::shared_ptr<DirectoryState> state) : state_(std::move(state)) {}

DirectoryStore::~DirectoryStore() { close(); }

void DirectoryStore::put(std::string key, std::string bytes, ports::Condition condition,
                         ports::Completion<Result<std::string>> done) {
  state_->gate.run(state_->writer, key, std::move(done),
                   [state = state_.get(), path = state_->path_of(key), bytes = std::move(bytes),
                    condition = std::move(condition)]() -> Result<std::string> {
                     if (Status there = state->kept.check(); !there.ok()) return there.error();
                     if (Status status = check_condition(path, condition); !status.ok())
                       return status.error();
                     Result<UnfinishedFile> file = UnfinishedFile::create(path + kUnfinished);
                     if (!file.ok()) return file.error();
                     if (Status status = file->write(bytes); !status.ok()) return status.error();
                     return state->place(file.take(), path, {});
                   });
}

std::unique_ptr<ports::Upload> DirectoryStore::start_upload(std::string key) {
  return std::make_unique<DirectoryUpload>(state_, std::move(key));
}

void DirectoryStore::get(std::string key, ports::ByteRange range,
                         ports::Completion<Result<ports::Object>> done) {
  state_->gate.run(
      state_->reader, key, std::move(done),
      [state = state_.get(), path = state_->path_of(key), range]() -> Result<ports::Object> {
        if (Status there = state->kept.check(); !there.ok()) return there.error();
        return read_file(path, range);
      });
}

void DirectoryStore::list(std::string prefix, std::string after, std::size_t limit,
                          ports::Completion<Result<std::vector<ports::ObjectInfo>>> done) {
  // A prefix ends anywhere: "runs/" and "ru" are as good as a whole key.
  const std::string checked = prefix + "x";
  state_->gate.run(state_->reader, checked, std::move(done),
                   [state = state_.get(), prefix = std::move(prefix), after = std::move(after),
                    limit]() -> Result<std::vector<ports::ObjectInfo>> {
                     if (Status there = state->kept.check(); !there.ok()) return there.error();
                     return state->list(prefix, after, limit);
                   });
}

void DirectoryStore::remove(std::string key, ports::Completion<Status> done) {
  state_->gate.run(state_->writer, key, std::move(done),
                   [path = state_->path_of(key)] { return remove_file(path); });
}

void DirectoryStore::close() { state_->close(); }

}  // namespace telltale::store
