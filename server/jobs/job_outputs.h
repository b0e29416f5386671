// job_outputs: parts on their way into the store and out of it, a piece at a time: memory does not
// grow with them. On serve's loop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "jobs/job_queue.h"
#include "ports/http_handler.h"
#include "ports/store.h"

namespace telltale::jobs {

// Takes all of `body` into an object of that key; answers its size. too_large: it had more than
// `most`, and nothing is kept.
void take_body(ports::Runtime& loop, ports::Store& store, std::unique_ptr<ports::Body> body,
               std::string key, std::uint64_t most,
               UniqueFunction<void(Result<std::uint64_t>)> done);

// `length` bytes of the objects one behind the other, from `offset` on.
std::unique_ptr<ports::Body> read_pieces(ports::Runtime& loop, ports::Store& store,
                                         std::vector<Part::Piece> pieces, std::uint64_t offset,
                                         std::uint64_t length);

}  // namespace telltale::jobs
