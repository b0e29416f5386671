#include "serve/plain_answers.h"

#include <fmt/format.h>

namespace telltale::serve {

ports::HttpResponse text_answer(int status, std::string body) {
  ports::HttpResponse response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(body);
  return response;
}

ports::HttpResponse method_not_allowed(const char* allowed) {
  ports::HttpResponse response =
      ports::problem(405, "method_not_allowed", fmt::format("This path takes {}.", allowed));
  response.headers.emplace_back("allow", allowed);
  return response;
}

}  // namespace telltale::serve
