#include "main/recording.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <charconv>
#include <filesystem>

#include "base/limits.h"

namespace telltale::main {
namespace {

bool ends_with(std::string_view text, std::string_view end) {
  return text.size() >= end.size() && text.substr(text.size() - end.size()) == end;
}

// Quotes within texts are escaped, so this is the object's own or one of the list it came in.
std::uint64_t version_in(std::string_view line) {
  for (const std::string_view key : {"\"resourceVersion\":\"", "\"resourceVersion\": \""}) {
    const std::size_t found = line.find(key);
    if (found == std::string_view::npos) continue;
    std::uint64_t version = 0;
    const char* first = line.data() + found + key.size();
    std::from_chars(first, line.data() + line.size(), version);
    return version;
  }
  return 0;
}

Result<std::unique_ptr<RecordedLines>> open_either(const std::string& path) {
  auto plain = RecordedLines::open(path);
  return plain.ok() ? std::move(plain) : RecordedLines::open(path + ".gz");
}

}  // namespace

RecordedLines::~RecordedLines() { gzclose(static_cast<gzFile>(file_)); }

Result<std::unique_ptr<RecordedLines>> RecordedLines::open(const std::string& path) {
  std::error_code error;
  const gzFile file =
      std::filesystem::is_regular_file(path, error) ? gzopen(path.c_str(), "rb") : nullptr;
  if (file == nullptr)
    return Error{ErrorCode::not_found, fmt::format("There is no file {} to read.", path)};
  gzbuffer(file, 256U << 10);
  return std::unique_ptr<RecordedLines>(new RecordedLines(file));
}

bool RecordedLines::next(std::string& line) {
  line.clear();
  std::string piece(64U << 10, '\0');
  while (gzgets(static_cast<gzFile>(file_), piece.data(), static_cast<int>(piece.size())) !=
         nullptr) {
    // A zero within the line ends it here and makes it no JSON, which is told.
    const std::size_t length = std::char_traits<char>::length(piece.c_str());
    if (line.size() < limits::kNodesBytes) line.append(piece, 0, length);
    if (!line.empty() && line.back() == '\n') {
      line.pop_back();
      return true;
    }
  }
  return !line.empty();
}

std::string recording_name(const std::string& path) {
  std::string_view name = path;
  if (ends_with(name, ".gz")) name.remove_suffix(3);
  if (!ends_with(name, ".jsonl")) return "";
  name.remove_suffix(6);
  return ends_with(name, ".pods") ? "" : std::string(name);
}

Recording::Recording(std::string path, std::string cluster)
    : path_(std::move(path)), translate_(std::move(cluster)) {}

Result<std::unique_ptr<Recording>> Recording::open(const std::string& path, std::string cluster) {
  auto workflows = RecordedLines::open(path);
  if (!workflows.ok()) return workflows.error();
  std::unique_ptr<Recording> recording(new Recording(path, std::move(cluster)));
  recording->workflows_.file = workflows.take();
  const std::string name = recording_name(path);
  if (auto pods = open_either(name + ".pods.jsonl"); !name.empty() && pods.ok())
    recording->pods_.file = pods.take();
  if (auto times = RecordedLines::open(name + ".times"); !name.empty() && times.ok())
    recording->times_ = times.take();
  recording->load(recording->workflows_);
  recording->load(recording->pods_);
  return recording;
}

void Recording::load(Stream& stream) {
  stream.there = stream.file != nullptr && stream.file->next(stream.line);
  // A line without a version, as one that is torn, comes where it stands.
  if (stream.there) stream.version = std::max(stream.version, version_in(stream.line));
}

bool Recording::next() {
  if (!workflows_.there && !pods_.there) return false;
  const bool of_workflow =
      workflows_.there && (!pods_.there || workflows_.version <= pods_.version);
  Stream& stream = of_workflow ? workflows_ : pods_;
  told_ = {};
  if (!stream.line.empty()) {
    ++lines_;
    told_ = translate_.translate(stream.line);
    if (told_.line == collect::Translated::Line::unreadable) ++unreadable_;
  }
  note_due(of_workflow);
  load(stream);
  return true;
}

// Time only goes on: a line that tells an earlier one comes with the one before it.
void Recording::note_due(bool of_workflow) {
  std::string noted;
  if (times_ != nullptr) {
    if (!of_workflow || !times_->next(noted)) return;
    due_us_ =
        std::max(due_us_, static_cast<std::int64_t>(std::strtod(noted.c_str(), nullptr) * 1e6));
    return;
  }
  for (const schema::Event& event : told_.events) {
    const std::int64_t time_us = event.happened_at_us();
    if (time_us == 0) continue;
    if (began_us_ == 0) began_us_ = time_us;
    due_us_ = std::max(due_us_, time_us - began_us_);
  }
}

}  // namespace telltale::main
