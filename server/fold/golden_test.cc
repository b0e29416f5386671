// Golden folds: golden/<case>/events.jsonl folded to golden/<case>/view.json, and the samples of
// each kind of event in schema/golden. UPDATE_GOLDEN=1 writes what is found; the diff is for a
// person.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/json.h"
#include "fold/test_events.h"
#include "fold/view_encoder.h"

namespace telltale::fold {
namespace {

namespace fs = std::filesystem;

const fs::path kFold = fs::path(TELLTALE_SOURCE_DIR) / "server/fold";

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void expect_file(const fs::path& path, const std::string& text) {
  if (std::getenv("UPDATE_GOLDEN") != nullptr) std::ofstream(path, std::ios::binary) << text;
  EXPECT_EQ(read(path), text) << path;
}

// The log with what is no text escaped, so that a person can read the file.
std::string readable(const LogBuffer& log) {
  std::string text;
  for (std::uint64_t at = 0; at < log.size();) {
    const LogBuffer::Slice slice = log.read(at, log.size());
    if (slice.offset > at) text += "<lost " + std::to_string(slice.offset - at) + ">";
    for (const char c : slice.data) {
      const bool plain = c == '\n' || (c >= ' ' && c <= '~');
      text += plain ? std::string(1, c) : "<" + std::to_string(static_cast<unsigned char>(c)) + ">";
    }
    at = slice.offset + slice.data.size();
  }
  return text;
}

std::string view_text(const RunView& view) {
  std::string text = "{\n\"run\": " + json_of(encode_run(view));
  text += ",\n\"graph\": " + json_of(encode_layout(view));
  text += ",\n\"logs\": {";
  const char* comma = "\n";
  for (const Task* task : view.tasks()) {
    for (const auto& [attempt, log] : task->logs) {
      text += comma + json_string(task->path + " " + std::to_string(attempt)) + ": " +
              json_string(readable(log));
      comma = ",\n";
    }
  }
  text += "\n},\n\"points\": [";
  comma = "\n";
  for (const Series& series : view.series()) {
    text += comma + json_of(encode_points(series, series.points.from(0)));
    comma = ",\n";
  }
  return text + "\n]\n}\n";
}

TEST(Golden, EventsFoldToTheirView) {
  std::set<fs::path> cases;
  for (const auto& entry : fs::directory_iterator(kFold / "golden")) cases.insert(entry.path());
  EXPECT_GE(cases.size(), 6U);
  for (const fs::path& one : cases) {
    SCOPED_TRACE(one);
    RunView view(test_key());
    std::istringstream lines(read(one / "events.jsonl"));
    std::string line;
    for (std::uint64_t offset = 0; std::getline(lines, line); ++offset)
      view.apply(LogOffset{offset}, event_of(line));
    ASSERT_FALSE(view.empty());
    expect_file(one / "view.json", view_text(view));
  }
}

TEST(Golden, EachKindOfEventHasASampleThatReadsAndWritesAlike) {
  const fs::path folder = kFold.parent_path().parent_path() / "schema" / "golden";
  const google::protobuf::OneofDescriptor* kinds =
      schema::Event::descriptor()->FindOneofByName("kind");
  for (int i = 0; i < kinds->field_count(); ++i) {
    const std::string kind = kinds->field(i)->name();
    SCOPED_TRACE(kind);
    const std::string json = read(folder / (kind + ".json"));
    const schema::Event event = event_of(json);
    EXPECT_EQ(event.GetReflection()->GetOneofFieldDescriptor(event, kinds)->name(), kind);
    schema::Event binary;
    ASSERT_TRUE(binary.ParseFromString(event.SerializeAsString()));
    expect_file(folder / (kind + ".json"), json_of(binary));
  }
}

}  // namespace
}  // namespace telltale::fold
