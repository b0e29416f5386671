// json_answer: a message as an answer in JSON. A large one is written in pieces, a piece a turn of
// the loop, so that it holds up nobody: a run of thousands of tasks takes as long to write as a
// hundred other answers. On serve's loop.
#pragma once

#include <google/protobuf/message.h>

#include <memory>

#include "ports/http_handler.h"
#include "ports/runtime.h"

namespace telltale::serve {

// Whole, in this turn: for what is small.
ports::HttpResponse json_answer(const google::protobuf::Message& message);

// Long lists of `message` come after its other fields.
void answer_in_pieces(ports::Runtime& loop, std::unique_ptr<google::protobuf::Message> message,
                      ports::Respond respond);

}  // namespace telltale::serve
