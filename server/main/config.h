// Config: what the program was told, by flags, TELLTALE_… variables or a file, and by nothing else.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "web/scope.h"

namespace telltale::main {

// What a process does; the embedded default is everything.
struct Roles {
  bool collect = false;  // takes events in
  bool fold = false;     // folds the partitions that its group gives it
  bool serve = false;    // the page and its API
};

struct ServeConfig {
  std::string listen = "127.0.0.1:8080";
  std::string roles = "collect,fold,serve";
  std::string log = "sqlite";
  std::string store = "directory";
  std::string data = "data";
  std::vector<std::string> sources;
  std::vector<std::string> hosts;
  std::string token_file;
  std::string without_token;
  std::string python;
  std::string python_path;
  std::vector<std::string> visualize_roots;  // folders that visualizations may read
  int render_workers = 0;                    // visualizations that are drawn here at a time
  std::string log_level = "info";
  double keep_days = 0;          // 0: for good
  std::uint64_t keep_bytes = 0;  // 0: any number
};

struct RunConfig {
  std::string url = "http://127.0.0.1:8080";
  std::string pipeline_file;
  std::string pipeline;                 // which one, when the file has several
  std::vector<std::string> parameters;  // name=value
};

struct ImportConfig {
  std::string url = "http://127.0.0.1:8080";
  std::string speed = "max";  // or how many times as fast as it was recorded
  std::string cluster = "recorded";
  std::vector<std::string> files;
};

struct OpenConfig {
  std::string url = "http://127.0.0.1:8080";
};

struct AdminConfig {
  std::string store = "directory";
  std::string log;  // empty: the one in the folder of a store that is a folder, else none
  std::string data = "data";
  bool json = false;
  std::string sort = "written";
  std::string run;
  std::string older_than;
  bool force = false;
  bool dry_run = false;
};

struct Address {
  std::string host;
  int port = 0;
};

// "collect,fold,serve", any of them in any order.
Result<Roles> parse_roles(const std::string& text);
// What one --source names.
struct SourceSpec {
  enum class Kind { file, kubernetes };
  Kind kind = Kind::file;
  // "file:" and the absolute path, or "kubernetes:" as it was written, but for `kfp`: under this
  // its position and ids are kept.
  std::string name;
  std::string path;     // of a file
  std::string context;  // of a kubeconfig; "" = the current one
  std::vector<std::string> namespaces;
  std::string label;    // a selector
  std::string kfp_url;  // where the pages of Kubeflow Pipelines are, for links; "" = not told
};

// "file:PATH" each, every file once; relative paths are of the current folder.
Result<std::vector<SourceSpec>> parse_sources(const std::vector<std::string>& texts);
// "127.0.0.1:8080", "[::1]:0", "localhost:80".
Result<Address> parse_address(const std::string& text);
bool is_loopback(const std::string& host);
// A token has as many characters or more.
inline constexpr std::size_t kTokenLength = 16;
struct TokenLine {
  std::string token;
  std::string name;  // in sentences
  web::Grant grant;
};
// "TOKEN NAME SCOPE,SCOPE" a line, empty lines and lines with # left out. Without scopes a token is
// for everything, without a name it is called by its place.
Result<std::vector<TokenLine>> read_tokens(const std::string& path);
// --without-token: any of read and ingest, or none. "": both on loopback without a file of tokens,
// else none.
Result<web::Scopes> parse_open(const std::string& text, bool loopback, bool token_file);

}  // namespace telltale::main
