// static_files: the embedded page as HTTP answers. Any path that is no file of it and has no
// extension is a view of the page (its router decides). Pure.
#pragma once

#include "ports/http_handler.h"

namespace telltale::web {

ports::HttpResponse static_file(const ports::HttpRequest& request);

}  // namespace telltale::web
