#include "main/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>

namespace telltale::main {

Result<Roles> parse_roles(const std::string& text) {
  Roles roles;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    const std::string name = text.substr(from, comma - from);
    from = comma + 1;
    if (name == "collect") {
      roles.collect = true;
    } else if (name == "fold") {
      roles.fold = true;
    } else if (name == "serve") {
      roles.serve = true;
    } else {
      return Error{ErrorCode::invalid_argument,
                   fmt::format("--roles {}: there is no role '{}'. Roles are collect, fold and "
                               "serve, joined by commas.",
                               text, name)};
    }
  }
  return roles;
}

Result<std::vector<SourceSpec>> parse_sources(const std::vector<std::string>& texts) {
  const std::string kind = "file:";
  std::vector<SourceSpec> sources;
  for (const std::string& text : texts) {
    if (text.rfind(kind, 0) != 0 || text.size() == kind.size()) {
      return Error{ErrorCode::invalid_argument,
                   fmt::format("--source {}: a source is file:PATH, a file of events.", text)};
    }
    SourceSpec source;
    source.path = std::filesystem::absolute(text.substr(kind.size())).lexically_normal().string();
    source.name = kind + source.path;
    const auto same = [&](const SourceSpec& other) { return other.name == source.name; };
    if (std::any_of(sources.begin(), sources.end(), same)) {
      return Error{ErrorCode::invalid_argument,
                   fmt::format("--source {} is named twice.", source.name)};
    }
    sources.push_back(std::move(source));
  }
  return sources;
}

Result<Address> parse_address(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  Address address;
  if (colon != std::string::npos && colon > 0) {
    address.host = text.substr(0, colon);
    const char* first = text.data() + colon + 1;
    const char* last = text.data() + text.size();
    const auto [end, error] = std::from_chars(first, last, address.port);
    if (error == std::errc{} && end == last && address.port >= 0 && address.port <= 65'535)
      return address;
  }
  return Error{ErrorCode::invalid_argument,
               fmt::format("--listen {} is no ADDRESS:PORT. Use one like 127.0.0.1:8080.", text)};
}

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "[::1]" || host.rfind("127.", 0) == 0;
}

Result<std::vector<std::string>> read_tokens(const std::string& path) {
  std::ifstream file(path);
  if (!file)
    return Error{ErrorCode::not_found, fmt::format("--token-file {} cannot be read.", path)};
  std::vector<std::string> tokens;
  for (std::string line; std::getline(file, line);) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (line.empty() || line.front() == '#') continue;
    if (line.size() < 16)
      return Error{ErrorCode::invalid_argument, "A token has 16 characters or more."};
    tokens.push_back(line);
  }
  if (tokens.empty())
    return Error{ErrorCode::invalid_argument, fmt::format("--token-file {} holds no token.", path)};
  return tokens;
}

}  // namespace telltale::main
