#include "ports/faulty_source.h"

namespace telltale::ports {

void FaultySource::read(std::string from, SourceLimits limits,
                        Completion<Result<SourceBatch>> done) {
  const bool expire = by_chance(runtime_, from.empty() ? 0 : expire_percent);
  with_faults<SourceBatch>(faults, runtime_, std::move(done), [&](auto inner_done) {
    if (expire) {
      inner_done(source_expired());
    } else {
      inner_.read(std::move(from), limits, std::move(inner_done));
    }
  });
}

}  // namespace telltale::ports
