#include "web/plain_answers.h"

namespace telltale::web {

ports::HttpResponse text_answer(int status, std::string body) {
  ports::HttpResponse response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(body);
  return response;
}

}  // namespace telltale::web
