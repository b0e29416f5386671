// The owner's tokens: one that is kept beside the data, for who is told of it, and one of each
// process that is left where programs of the same user look, so that `telltale run` needs no flag.
// The latter is worth nothing once the process is gone, whoever listens at its address then.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"

namespace telltale::main {

// Replaces a file of the program's own, whole: old or new, never half, and its owner's alone.
Status write_private_file(const std::string& path, const std::string& text);

// What DATA/token holds; made if it is missing, and anew, with a sentence in the log, if others
// could have read it.
Result<std::string> owner_token(const std::string& data);

// A token left for each Host ("127.0.0.1:8080") under which the server answers: in
// $XDG_STATE_HOME/telltale/servers/HOST_PORT, ~/.local/state without that variable. Removed with
// this object, where it is still there. Where it cannot be left the log says so.
class LeftToken {
 public:
  LeftToken(const std::vector<std::string>& hosts, const std::string& token);
  ~LeftToken();
  LeftToken(const LeftToken&) = delete;
  LeftToken& operator=(const LeftToken&) = delete;

 private:
  std::string token_;
  std::vector<std::string> paths_;
};

// For a program that asks the server there: what TELLTALE_TOKEN says, the first token of the file
// that TELLTALE_TOKEN_FILE names, or what was left for that address; "" where there is none. A file
// that was left is believed only if nobody else could have written or read it.
Result<std::string> find_token(const std::string& host, const std::string& port);

}  // namespace telltale::main
