// Config: what the program was told, by flags, TELLTALE_… variables or a file, and by nothing else.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

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
  std::string python;
  std::string python_path;
  std::string log_level = "info";
};

struct RunConfig {
  std::string url = "http://127.0.0.1:8080";
  std::string pipeline_file;
  std::string pipeline;                 // which one, when the file has several
  std::vector<std::string> parameters;  // name=value
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
  std::string name;  // "file:" and the absolute path: under this its position and ids are kept
  std::string path;
};

// "file:PATH" each, every file once; relative paths are of the current folder.
Result<std::vector<SourceSpec>> parse_sources(const std::vector<std::string>& texts);
// "127.0.0.1:8080", "[::1]:0", "localhost:80".
Result<Address> parse_address(const std::string& text);
bool is_loopback(const std::string& host);
// One token a line, empty lines and lines with # left out; each of 16 characters or more.
Result<std::vector<std::string>> read_tokens(const std::string& path);

}  // namespace telltale::main
