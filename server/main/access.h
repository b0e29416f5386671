// Access: who may do what of this server, gathered at its start: the tokens of --token-file, the
// owner's, and those that the program makes itself for who reports of runs that it started.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "main/config.h"
#include "web/authenticator.h"

namespace telltale::main {

struct Access {
  web::Scopes open;  // to everybody
  std::vector<web::NamedToken> tokens;
  std::string left_token;    // for commands of the same user, as long as this process runs
  std::string runner_token;  // of processes this one starts: may report, and see its run
  std::string render_token;  // of the worker it starts: takes jobs, and nothing else
  std::string sessions;      // of browsers, as an earlier process kept them
};

// `owner`: this process serves, so there is something that only its owner may do. Then the folder
// --data is there.
Result<Access> read_access(const ServeConfig& config, bool loopback, bool owner);

}  // namespace telltale::main
