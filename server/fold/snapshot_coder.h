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
  // `view` is fresh. False when slots or columns do not fit together.
  static bool read(const schema::RunSnapshot& in, RunView* view);

 private:
  static void read_tasks(const schema::RunSnapshot& in, RunView* view);
  static bool read_series(const schema::RunSnapshot& in, RunView* view);
  static void read_artifacts(const schema::RunSnapshot& in, RunView* view);
  static bool read_places(const schema::RunSnapshot& in, RunView* view);
};

}  // namespace telltale::fold
