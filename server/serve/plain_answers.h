// Answers that need no views: a text, a method that a path does not take.
#pragma once

#include <string>

#include "ports/http_handler.h"

namespace telltale::serve {

ports::HttpResponse text_answer(int status, std::string body);
ports::HttpResponse method_not_allowed(const char* allowed);

}  // namespace telltale::serve
