// Headers, one "name: value" a line, of a request for the API: who is let in named this host and no
// other origin; and who is told to have brought a token did so.
#include "fuzz/harness.h"
#include "web/authenticator.h"
#include "web/request_guard.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = telltale::fuzz::text_of(data, size);
  telltale::ports::HttpRequest request;
  request.method = "POST";
  request.path = "/api/v1/runs";
  while (!rest.empty()) {
    std::string_view value = telltale::fuzz::take_until(rest, '\n');
    const std::string_view name = telltale::fuzz::take_until(value, ':');
    if (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    request.headers.emplace_back(std::string(name), std::string(value));
  }
  const telltale::web::GuardOptions options{telltale::web::hosts_of("127.0.0.1", 8080)};
  const auto denial = telltale::web::check_request(request, options);
  const std::string token = telltale::web::token_of(request);
  const bool told = request.header("authorization").find(token) != std::string::npos ||
                    request.header("sec-websocket-protocol").find(token) != std::string::npos;
  CHECK(told, "a token of nowhere: {}", token);
  if (denial) {
    CHECK(denial->status == 403 && !denial->detail.empty(), "denied with {}", denial->status);
    return 0;
  }
  const std::string& host = request.header("host");
  CHECK(host.size() >= 5 && host.substr(host.size() - 5) == ":8080", "let in as {}", host);
  const std::string& origin = request.header("origin");
  CHECK(origin.empty() || origin.size() == host.size() + 7 || origin.size() == host.size() + 8,
        "let in from {}", origin);
  return 0;
}
