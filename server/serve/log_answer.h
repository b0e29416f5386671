// log_answer: a task's log as the answer of a request: all of it, or what offset=, tail= or a Range
// ask for. What is larger than a piece flows: it is read from the folded run as the reader takes
// it, so that a log of any size costs the memory of a piece. Lives on serve's loop.
#pragma once

#include <memory>

#include "fold/run_view.h"
#include "ports/http_handler.h"
#include "serve/resource.h"

namespace telltale::serve {

// Bytes that the source never delivered are left out; X-Log-Lost says how many the log lacks.
ports::HttpResponse log_answer(const Resource& resource, std::shared_ptr<const fold::RunView> run,
                               const ports::HttpRequest& request);

}  // namespace telltale::serve
