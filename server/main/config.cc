#include "main/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/query.h"

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

namespace {

constexpr std::string_view kFile = "file:";
constexpr std::string_view kKubernetes = "kubernetes:";

Error no_source(const std::string& text) {
  return {
      ErrorCode::invalid_argument,
      fmt::format(
          "--source {}: a source is file:PATH, a file of events, or "
          "kubernetes:[CONTEXT][?namespace=A,B&label=SELECTOR&kfp=URL], a cluster. URL is where "
          "its pages of Kubeflow Pipelines are, http:// or https://.",
          text)};
}

std::vector<std::string> split(std::string_view text, char by) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(by), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

Result<SourceSpec> parse_kubernetes(const std::string& text) {
  SourceSpec source;
  source.kind = SourceSpec::Kind::kubernetes;
  const std::size_t mark = std::min(text.find('?'), text.size());
  source.context = text.substr(kKubernetes.size(), mark - kKubernetes.size());
  std::string told;  // the options that say what is read
  for (const std::string& option : split(std::string_view(text).substr(mark), '&')) {
    const std::string_view words = std::string_view(option).substr(option.starts_with('?') ? 1 : 0);
    if (words.starts_with("kfp=")) {
      source.kfp_url = percent_decode(words.substr(words.find('=') + 1), false);
      // It becomes a link.
      const std::string_view url = source.kfp_url;
      if (!url.starts_with("https://") && !url.starts_with("http://")) return no_source(text);
      continue;
    }
    if (words.starts_with("namespace=")) {
      source.namespaces = split(words.substr(words.find('=') + 1), ',');
    } else if (words.starts_with("label=")) {
      source.label = words.substr(words.find('=') + 1);
    } else if (!words.empty()) {
      return no_source(text);
    }
    if (!words.empty()) told += fmt::format("{}{}", told.empty() ? '?' : '&', words);
  }
  source.name = fmt::format("{}{}{}", kKubernetes, source.context, told);
  return source;
}

}  // namespace

Result<std::vector<SourceSpec>> parse_sources(const std::vector<std::string>& texts) {
  std::vector<SourceSpec> sources;
  for (const std::string& text : texts) {
    SourceSpec source;
    if (text.starts_with(kKubernetes)) {
      Result<SourceSpec> parsed = parse_kubernetes(text);
      if (!parsed.ok()) return parsed.error();
      source = parsed.take();
    } else if (text.starts_with(kFile) && text.size() > kFile.size()) {
      const std::filesystem::path path = text.substr(kFile.size());
      source.path = std::filesystem::absolute(path).lexically_normal().string();
      source.name = std::string(kFile) + source.path;
    } else {
      return no_source(text);
    }
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

Result<std::vector<TokenLine>> read_tokens(const std::string& path) {
  const auto wrong = [&](std::size_t number, const std::string& why) {
    return Error{ErrorCode::invalid_argument,
                 fmt::format("--token-file {}, line {}: {}", path, number, why)};
  };
  std::ifstream file(path);
  if (!file)
    return Error{ErrorCode::not_found, fmt::format("--token-file {} cannot be read.", path)};
  std::vector<TokenLine> tokens;
  std::size_t number = 0;
  for (std::string line; std::getline(file, line);) {
    ++number;
    TokenLine token;
    std::string scopes = "all";
    std::string more;
    std::istringstream words(line);
    if (!(words >> token.token) || token.token.front() == '#') continue;
    if (!(words >> token.name)) token.name = fmt::format("token {}", tokens.size() + 1);
    words >> scopes;
    if (words >> more) return wrong(number, "a line is TOKEN NAME SCOPE,SCOPE and no more.");
    if (token.token.size() < kTokenLength)
      return wrong(number, fmt::format("a token has {} characters or more.", kTokenLength));
    Result<web::Grant> parsed = web::parse_grant(scopes);
    if (!parsed.ok()) return wrong(number, parsed.error().message);
    token.grant = parsed.take();
    tokens.push_back(std::move(token));
  }
  if (tokens.empty())
    return Error{ErrorCode::invalid_argument, fmt::format("--token-file {} holds no token.", path)};
  return tokens;
}

Result<web::Scopes> parse_open(const std::string& text, bool loopback, bool token_file) {
  constexpr web::Scopes kMost{web::Scope::read, web::Scope::ingest};
  if (text.empty()) return loopback && !token_file ? kMost : web::Scopes();
  if (text == "none") return web::Scopes();
  const Result<web::Scopes> scopes = web::parse_scopes(text);
  if (scopes.ok() && (scopes.value() | kMost) == kMost) return scopes;
  return Error{ErrorCode::invalid_argument,
               fmt::format("--without-token {}: without a token nobody may do more than read and "
                           "ingest. Use any of these, joined by commas, or none.",
                           text)};
}

}  // namespace telltale::main
