// SnapshotCoder: between a RunView's members and schema::RunSnapshot. Stateless; used by
// snapshot.cc only. Ids, indexes and accounts follow from the entities and are not written.
#pragma once

#include "fold/run_view.h"

namespace telltale::schema {
class RunSnapshot;
}

namespace telltale::fold {

class SnapshotCoder {
 public:
  static void write(const RunView& view, schema::RunSnapshot* out);
  // `view` is fresh. False for what no fold can have written: every slot, count, offset, number and
  // coordinate is looked at. Takes time in proportion to the bytes.
  static bool read(const schema::RunSnapshot& in, RunView* view);

 private:
  static void write_source(const RunView& view, schema::RunSnapshot* out);
  static bool read_source(const schema::RunSnapshot& in, RunView* view);
  static bool read_tasks(const schema::RunSnapshot& in, RunView* view);
  static bool read_series(const schema::RunSnapshot& in, RunView* view);
  static bool read_artifacts(const schema::RunSnapshot& in, RunView* view);
  static bool read_tombstones(const schema::RunSnapshot& in, RunView* view);
  static bool read_layout(const schema::RunSnapshot& in, RunView* view);
};

}  // namespace telltale::fold
