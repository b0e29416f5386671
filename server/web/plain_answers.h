// Answers that are there at once: a text, and a handler of what a function says.
#pragma once

#include <functional>
#include <string>

#include "ports/http_handler.h"

namespace telltale::web {

ports::HttpResponse text_answer(int status, std::string body);

class PlainAnswer final : public ports::HttpHandler {
 public:
  using Say = std::function<ports::HttpResponse(const ports::HttpRequest&)>;

  explicit PlainAnswer(Say say) : say_(std::move(say)) {}
  void handle(ports::HttpRequest request, ports::Respond respond) override {
    respond(say_(request));
  }

 private:
  const Say say_;
};

}  // namespace telltale::web
