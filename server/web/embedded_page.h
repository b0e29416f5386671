// The page's files, embedded in the program when it was built (cmake/embed_page.cmake).
#pragma once

#include <span>
#include <string_view>

namespace telltale::web {

struct EmbeddedFile {
  std::string_view path;  // "/index.html", "/assets/app-3f2a.js"
  std::string_view content_type;
  std::string_view etag;  // quoted, by content
  std::string_view body;
  std::string_view gzip_body;  // empty where it would not be smaller
};

std::span<const EmbeddedFile> embedded_files();

}  // namespace telltale::web
