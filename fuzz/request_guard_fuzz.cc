// Headers, one "name: value" a line, of a request for the API: who is let in named this host, no
// other origin, and a token.
#include "fuzz/harness.h"
#include "serve/request_guard.h"

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
  telltale::serve::GuardOptions options{telltale::serve::hosts_of("127.0.0.1", 8080), {}};
  const auto denial = telltale::serve::check_request(request, options);
  options.tokens = {"0123456789abcdef"};
  const auto with_token = telltale::serve::check_request(request, options);
  if (denial) {
    CHECK(denial->status == 403 && !denial->detail.empty(), "denied with {}", denial->status);
    CHECK(with_token && with_token->status == 403, "a token opens what is closed to all");
    return 0;
  }
  const std::string& host = request.header("host");
  CHECK(host.size() >= 5 && host.substr(host.size() - 5) == ":8080", "let in as {}", host);
  const std::string& origin = request.header("origin");
  CHECK(origin.empty() || origin.size() == host.size() + 7 || origin.size() == host.size() + 8,
        "let in from {}", origin);
  const bool told = request.header("authorization").find("0123456789abcdef") != std::string::npos ||
                    request.header("cookie").find("0123456789abcdef") != std::string::npos;
  CHECK(with_token || told, "let in without a token");
  return 0;
}
