#include "web/request_head.h"

#include <algorithm>

#include "web/http_fields.h"

namespace telltale::web {
namespace {

Error invalid(const char* message) { return {ErrorCode::invalid_argument, message}; }

std::size_t count(const ports::Headers& headers, std::string_view name) {
  return static_cast<std::size_t>(std::count_if(
      headers.begin(), headers.end(), [&](const auto& field) { return field.first == name; }));
}

Status check_framing(const RawHead& head) {
  const std::size_t encodings = count(head.headers, "transfer-encoding");
  if (encodings == 0) return Done{};
  const bool chunked =
      encodings == 1 &&
      std::all_of(head.headers.begin(), head.headers.end(), [](const auto& field) {
        return field.first != "transfer-encoding" || same_word(field.second, "chunked");
      });
  if (!chunked) return invalid("The only Transfer-Encoding taken here is chunked, once.");
  if (head.version < 11) return invalid("HTTP/1.0 knows no Transfer-Encoding.");
  if (count(head.headers, "content-length") > 0)
    return invalid("A body has a Content-Length or a Transfer-Encoding, not both.");
  return Done{};
}

// Takes "scheme://host" off an absolute target.
Status take_authority(std::string_view& target, std::string& host) {
  const std::size_t colon = target.find("://");
  if (colon == std::string_view::npos) return invalid("The target of a request is a path.");
  const std::string_view scheme = target.substr(0, colon);
  if (!same_word(scheme, "http") && !same_word(scheme, "https"))
    return invalid("The target of a request is a path.");
  target.remove_prefix(colon + 3);
  const std::size_t end = std::min(target.find_first_of("/?"), target.size());
  host = target.substr(0, end);
  target.remove_prefix(end);
  if (host.empty() || host.find('@') != std::string::npos)
    return invalid("The target of a request names no user, and a host if it is absolute.");
  return Done{};
}

Status check_host(RawHead& head, std::optional<std::string> told) {
  const std::size_t hosts = count(head.headers, "host");
  if (hosts > 1) return invalid("A request has one Host.");
  if (hosts == 0 && head.version >= 11) return invalid("A request of HTTP/1.1 has a Host.");
  if (!told) return Done{};
  std::erase_if(head.headers, [](const auto& field) { return field.first == "host"; });
  head.headers.emplace_back("host", *std::move(told));
  return Done{};
}

}  // namespace

Result<ports::HttpRequest> parse_head(RawHead head) {
  if (Status status = check_framing(head); !status.ok()) return status.error();
  std::string_view target = head.target;
  std::optional<std::string> host;
  if (!target.starts_with('/') && target != "*") {
    if (Status status = take_authority(target, host.emplace()); !status.ok()) return status.error();
  }
  if (target.find('#') != std::string_view::npos)
    return invalid("The target of a request has no fragment.");
  if (Status status = check_host(head, std::move(host)); !status.ok()) return status.error();
  ports::HttpRequest request;
  request.method = head.method;
  const std::size_t mark = std::min(target.find('?'), target.size());
  request.path = target.substr(0, mark);
  if (request.path.empty()) request.path = "/";
  if (mark < target.size()) request.query = target.substr(mark + 1);
  if (request.path == "*" && request.method != "OPTIONS")
    return invalid("The target of a request is a path.");
  request.headers = std::move(head.headers);
  return request;
}

}  // namespace telltale::web
