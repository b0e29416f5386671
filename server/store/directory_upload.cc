#include "store/directory_upload.h"

#include <fmt/format.h>

namespace telltale::store {

struct DirectoryUpload::Part {
  std::string path;
  std::optional<UnfinishedFile> file;  // made by the first use
  Status status = Done{};              // the first error

  template <typename Use>
  Status use(Use step) {
    if (status.ok() && !file) {
      Result<UnfinishedFile> made = UnfinishedFile::create(path);
      if (made.ok()) {
        file.emplace(made.take());
      } else {
        status = made.error();
      }
    }
    if (status.ok()) status = step(*file);
    return status;
  }
};

DirectoryUpload::DirectoryUpload(std::shared_ptr<DirectoryState> state, std::string key)
    : state_(std::move(state)), key_(std::move(key)), part_(std::make_shared<Part>()) {
  part_->path =
      fmt::format("{}/{}{}", state_->uploads_folder(), state_->uploads.fetch_add(1), kUnfinished);
}

// The file goes with its last user, on the uploader: to unlink gigabytes takes a while.
DirectoryUpload::~DirectoryUpload() {
  state_->gate.unless_closed([this] { state_->uploader.push([part = std::move(part_)] {}); });
}

void DirectoryUpload::write(std::string bytes, ports::Completion<Status> done) {
  state_->gate.run(state_->uploader, key_, std::move(done),
                   [part = part_, bytes = std::move(bytes)]() -> Status {
                     return part->use([&](UnfinishedFile& file) { return file.write(bytes); });
                   });
}

void DirectoryUpload::commit(ports::Condition condition,
                             ports::Completion<Result<std::string>> done) {
  state_->gate.hand(
      state_->uploader, key_, std::move(done),
      [state = state_.get(), part = part_, path = state_->path_of(key_),
       condition = std::move(condition)](ports::Completion<Result<std::string>> answer) mutable {
        const Status synced = part->use([](UnfinishedFile& file) { return file.sync(); });
        if (!synced.ok()) {
          answer(synced.error());
          return;
        }
        state->writer.push([state, file = std::move(*part->file), path,
                            condition = std::move(condition),
                            answer = std::move(answer)]() mutable {
          answer(state->place(std::move(file), path, condition));
        });
        part->file.reset();
      });
}

void DirectoryUpload::abort(ports::Completion<Status> done) {
  state_->gate.run(state_->uploader, key_, std::move(done), [part = part_]() -> Status {
    part->file.reset();
    return Done{};
  });
}

}  // namespace telltale::store
