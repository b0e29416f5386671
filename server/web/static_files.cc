#include "web/static_files.h"

#include <algorithm>

#include "web/embedded_page.h"
#include "web/http_fields.h"

namespace telltale::web {
namespace {

const EmbeddedFile* find(std::string_view path) {
  const auto files = embedded_files();
  const auto found = std::find_if(files.begin(), files.end(),
                                  [&](const EmbeddedFile& file) { return file.path == path; });
  return found == files.end() ? nullptr : &*found;
}

// Other bytes are another entity: "abc" becomes "abc-gzip".
std::string gzip_tag(std::string_view tag) {
  return std::string(tag.substr(0, tag.size() - 1)) + "-gzip\"";
}

bool has_extension(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return path.find('.', slash == std::string_view::npos ? 0 : slash) != std::string_view::npos;
}

}  // namespace

ports::HttpResponse static_file(const ports::HttpRequest& request) {
  const EmbeddedFile* file = find(request.path);
  if (file == nullptr && !has_extension(request.path)) file = find("/index.html");
  if (file == nullptr)
    return ports::problem({ErrorCode::not_found, "There is no such file. The page is at /."});
  ports::HttpResponse response;
  response.content_type = std::string(file->content_type);
  const bool gzip = !file->gzip_body.empty() && prefers_gzip(request.header("accept-encoding"));
  const std::string tag = gzip ? gzip_tag(file->etag) : std::string(file->etag);
  response.headers.emplace_back("etag", tag);
  response.headers.emplace_back("vary", "accept-encoding");
  // Built assets carry a hash in their names; the page itself is asked for again each time.
  const bool hashed = file->path.rfind("/assets/", 0) == 0;
  response.headers.emplace_back("cache-control",
                                hashed ? "public, max-age=31536000, immutable" : "no-cache");
  response.headers.emplace_back(
      "content-security-policy",
      "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
      "frame-ancestors 'none'; base-uri 'none'; form-action 'none'");
  response.headers.emplace_back("referrer-policy", "no-referrer");
  if (names_tag(request.header("if-none-match"), tag)) {
    response.status = 304;
    response.content_type.clear();
    return response;
  }
  if (gzip) response.headers.emplace_back("content-encoding", "gzip");
  response.body = std::string(gzip ? file->gzip_body : file->body);
  return response;
}

}  // namespace telltale::web
