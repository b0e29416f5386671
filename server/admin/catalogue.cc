#include "admin/catalogue.h"

#include "admin/wait_for.h"
#include "schema/view.pb.h"

namespace telltale::admin {
namespace {

void take(Catalogue& catalogue, const ports::Record& record) {
  const std::optional<RunKey> run = RunKey::parse(record.key);
  schema::RunSummary summary;
  if (!run) return;
  if (record.value.empty()) {
    catalogue.erase(*run);
  } else if (summary.ParseFromString(record.value)) {
    catalogue[*run] = {summary.name(), fold::to_state(static_cast<int>(summary.state()))};
  }
}

}  // namespace

Result<Catalogue> read_catalogue(ports::Runtime& loop, ports::Log& log) {
  const ports::Partition partition{ports::kRunsTopic, 0};
  const auto bounds = wait_for<Result<ports::Bounds>>(loop, [&](auto done) {
    log.bounds(partition, {loop, std::move(done)});
  });
  if (!bounds.ok()) return bounds.error();
  Catalogue catalogue;
  for (LogOffset next = bounds->begin; next < bounds->end;) {
    using Records = std::vector<ports::StoredRecord>;
    const auto records = wait_for<Result<Records>>(loop, [&](auto done) {
      log.read(partition, next, {}, {loop, std::move(done)});
    });
    if (!records.ok()) return records.error();
    if (records->empty()) break;  // what follows was compacted away
    for (const ports::StoredRecord& record : records.value()) take(catalogue, record.record);
    next = telltale::next(records->back().offset);
  }
  return catalogue;
}

Status unlist(ports::Runtime& loop, ports::Log& log, const std::vector<RunKey>& runs) {
  if (runs.empty()) return Done{};
  std::vector<ports::Record> tombstones;
  for (const RunKey& run : runs) tombstones.push_back({run.text(), "", to_number(loop.now())});
  const auto appended = wait_for<Result<ports::Appended>>(loop, [&](auto done) {
    log.append(ports::kRunsTopic, std::move(tombstones), {loop, std::move(done)});
  });
  return appended.ok() ? Status(Done{}) : appended.error();
}

}  // namespace telltale::admin
