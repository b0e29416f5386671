#include "admin/inventory.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ctime>

#include "base/json.h"

namespace telltale::admin {
namespace {

constexpr std::string_view kPartitions = "partitions/";
constexpr std::string_view kRuns = "runs/";

// "2026-01-31 12:00"; "-" where it is not known.
std::string minute_of(std::int64_t time_us) {
  if (time_us <= 0) return "-";
  const std::time_t seconds = time_us / 1'000'000;
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%d %H:%M", &utc);
  return text;
}

std::string size_of(std::uint64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double size = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; size >= 1'024 && unit + 1 < std::size(kUnits); ++unit) size /= 1'024;
  return fmt::format("{:.{}f} {}", size, unit == 0 ? 0 : 1, kUnits[unit]);
}

void note_object(Inventory& inventory, const ports::ObjectInfo& object) {
  ++inventory.objects;
  inventory.bytes += object.size;
  if (object.key.rfind(kRuns, 0) != 0) return;
  const auto run = RunKey::parse(object.key.substr(kRuns.size(), kIdLength));
  if (!run) return;
  RunObjects& objects = inventory.runs[*run];
  ++objects.objects;
  objects.bytes += object.size;
  objects.written_at_us = std::max(objects.written_at_us, object.written_at_us);
  if (object.key.find("/events/") != std::string::npos) ++objects.event_blocks;
}

Status note_checkpoint(Inventory& inventory, StoreCaller& store, const std::string& key,
                       std::int64_t written_at_us) {
  const Result<ports::Object> object = store.get(key);
  if (!object.ok())
    return object.error().code == ErrorCode::not_found ? Status(Done{}) : object.error();
  Result<keep::Checkpoint> checkpoint = keep::decode_checkpoint(object->bytes);
  if (!checkpoint.ok()) {
    inventory.troubles.push_back(fmt::format("{}: {}", key, checkpoint.error().message));
    return Done{};
  }
  for (const auto& [run, place] : checkpoint->runs) {
    RunObjects& objects = inventory.runs[run];
    objects.open = true;
    objects.bytes += place.length;
    if (objects.objects == 0) objects.written_at_us = written_at_us;
  }
  inventory.partitions[checkpoint_partition(key)] = {checkpoint.take(), object->etag};
  return Done{};
}

using Line = std::pair<const RunKey, RunObjects>;

std::vector<const Line*> in_order(const Inventory& inventory, RunOrder order) {
  std::vector<const Line*> lines;
  for (const Line& line : inventory.runs) lines.push_back(&line);
  const auto rank = [order](const Line* line) {
    return order == RunOrder::bytes ? static_cast<std::int64_t>(line->second.bytes)
                                    : line->second.written_at_us;
  };
  std::stable_sort(lines.begin(), lines.end(),
                   [&](const Line* a, const Line* b) { return rank(a) > rank(b); });
  return lines;
}

}  // namespace

int checkpoint_partition(const std::string& key) {
  if (key.rfind(kPartitions, 0) != 0) return -1;
  int number = -1;
  const char* begin = key.data() + kPartitions.size();
  const auto [end, error] = std::from_chars(begin, key.data() + key.size(), number);
  return error == std::errc{} && number >= 0 && key == keep::checkpoint_key(number) ? number : -1;
}

Result<Inventory> take_inventory(StoreCaller& store) {
  Inventory inventory;
  std::vector<std::pair<std::string, std::int64_t>> checkpoints;
  const Status listed = store.each("", [&](const ports::ObjectInfo& object) {
    note_object(inventory, object);
    if (checkpoint_partition(object.key) >= 0)
      checkpoints.emplace_back(object.key, object.written_at_us);
  });
  if (!listed.ok()) return listed.error();
  for (const auto& [key, written_at_us] : checkpoints) {
    const Status noted = note_checkpoint(inventory, store, key, written_at_us);
    if (!noted.ok()) return noted.error();
  }
  return inventory;
}

std::string inventory_text(const Inventory& inventory, const Catalogue& catalogue, RunOrder order) {
  std::string text = fmt::format("{:26}  {:10} {:>10} {:>8}  {:16}  {}\n", "RUN", "STATE", "SIZE",
                                 "OBJECTS", "LAST WRITTEN UTC", "NAME");
  for (const Line* line : in_order(inventory, order)) {
    const auto& [run, objects] = *line;
    const auto listed = catalogue.find(run);
    const bool known = listed != catalogue.end();
    const std::string state = known          ? fold::name_of(listed->second.state)
                              : objects.open ? "open"
                                             : "-";
    fmt::format_to(std::back_inserter(text), "{}  {:10} {:>10} {:>8}  {:16}  {}\n", run.text(),
                   state, size_of(objects.bytes), objects.objects, minute_of(objects.written_at_us),
                   known ? listed->second.name : "-");
  }
  fmt::format_to(std::back_inserter(text), "Runs: {}. Objects in the store: {}, {}.\n",
                 inventory.runs.size(), inventory.objects, size_of(inventory.bytes));
  return text;
}

std::string inventory_json(const Inventory& inventory, const Catalogue& catalogue, RunOrder order) {
  std::string text = "{\"runs\":[";
  for (const Line* line : in_order(inventory, order)) {
    const auto& [run, objects] = *line;
    const auto listed = catalogue.find(run);
    if (text.back() == '}') text += ",\n";
    fmt::format_to(std::back_inserter(text),
                   "{{\"run_key\":\"{}\",\"open\":{},\"objects\":{},\"bytes\":{},"
                   "\"event_blocks\":{},\"written_at_us\":{}",
                   run.text(), objects.open, objects.objects, objects.bytes, objects.event_blocks,
                   objects.written_at_us);
    if (listed != catalogue.end()) {
      fmt::format_to(std::back_inserter(text), ",\"state\":\"{}\",\"name\":{}",
                     fold::name_of(listed->second.state), json_string(listed->second.name));
    }
    text += '}';
  }
  fmt::format_to(std::back_inserter(text), "],\"objects\":{},\"bytes\":{}}}\n", inventory.objects,
                 inventory.bytes);
  return text;
}

}  // namespace telltale::admin
