// RunView::bytes(): what its parts take, in bytes of the heap and of what finds them. Texts are
// counted by their length: what a string keeps beyond it is no part of the state.
#include "fold/run_view.h"

namespace telltale::fold {
namespace {

constexpr std::size_t kBlockBytes = 16;  // what the allocator adds
constexpr std::size_t kNodeBytes = 48;   // of a map or a hash table, without what it holds
constexpr std::size_t kIdBytes = 64;     // text of 26 letters
// A box: what knows it above, below and beside (drawing/box_graph.h, drawing/free_places.h).
constexpr std::size_t kBoxBytes = 320;
constexpr std::size_t kLaneStepBytes = 72;  // its place in a layer, and the curve along it

std::size_t text_bytes(const std::string& text) {
  return text.size() < sizeof(std::string) / 2 ? 0 : text.size() + 1 + kBlockBytes;
}

std::size_t values_bytes(const std::map<std::string, std::string>& values) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : values)
    bytes += kNodeBytes + 2 * sizeof(std::string) + text_bytes(name) + text_bytes(value);
  return bytes;
}

std::size_t progress_bytes(const std::optional<ProgressState>& progress) {
  return progress ? text_bytes(progress->unit) + text_bytes(progress->note) : 0;
}

// With its path and its id as they are found by, and as the layout knows it.
std::size_t task_bytes(const Task& task) {
  std::size_t bytes = sizeof(Task) + 2 * (kNodeBytes + sizeof(std::string)) + 2 * kIdBytes +
                      sizeof(drawing::LayoutTask);
  for (const std::string* text :
       {&task.path, &task.path, &task.name, &task.parent, &task.item, &task.message})
    bytes += text_bytes(*text);
  if (!task.parent.empty()) bytes += kIdBytes;
  for (const std::string& path : task.depends_on)
    bytes += 2 * sizeof(std::string) + text_bytes(path) + kIdBytes + sizeof(Slot);
  return bytes + values_bytes(task.inputs) + values_bytes(task.outputs) +
         progress_bytes(task.progress);
}

}  // namespace

void RunView::weigh(Task& task) {
  bytes_ -= task.bytes;
  task.bytes = task_bytes(task);
  bytes_ += task.bytes;
}

void RunView::weigh(Artifact& artifact) {
  bytes_ -= artifact.bytes;
  artifact.bytes = sizeof(Artifact) + kNodeBytes + sizeof(std::string) + 3 * kIdBytes;
  for (const std::string* text :
       {&artifact.task_path, &artifact.name, &artifact.type, &artifact.uri, &artifact.metadata})
    artifact.bytes += text_bytes(*text);
  bytes_ += artifact.bytes;
}

// Nothing but its points changes, which are counted where they are added.
void RunView::weigh_new(const Series& series) {
  bytes_ += sizeof(Series) + 3 * (kNodeBytes + sizeof(std::string)) + 3 * kIdBytes +
            text_bytes(series.task_path) + 2 * text_bytes(series.name);
}

void RunView::weigh_header() {
  bytes_ -= header_bytes_;
  header_bytes_ = values_bytes(header_.parameters) + progress_bytes(header_.progress);
  for (const std::string* text :
       {&header_.name, &header_.pipeline, &header_.source, &header_.message, &header_.lost.reason})
    header_bytes_ += text_bytes(*text);
  if (header_.launch) {
    header_bytes_ +=
        text_bytes(header_.launch->pipeline_file) + text_bytes(header_.launch->working_directory);
  }
  bytes_ += header_bytes_;
}

void RunView::weigh_layout() {
  bytes_ -= layout_bytes_;
  // By rows as if it were drawn, though it is only when somebody looks.
  if (layout_.by_rows()) {
    layout_bytes_ = tasks_.size() * kBoxBytes + edges_ * sizeof(drawing::LayoutEdge);
    bytes_ += layout_bytes_;
    return;
  }
  layout_bytes_ = layout_.boxes().size() * kBoxBytes;
  for (const drawing::LayoutLane& lane : layout_.lanes())
    layout_bytes_ += sizeof(lane) + lane.steps.size() * kLaneStepBytes;
  bytes_ += layout_bytes_;
}

}  // namespace telltale::fold
