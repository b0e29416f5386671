// Wiring: builds the parts of the roles this process has, hands each what it needs, and owns the
// order of start and stop: sinks first up, sources first down, drain, checkpoint.
#pragma once

#include <memory>

#include "base/result.h"
#include "main/config.h"

namespace telltale::web {
struct HttpServerOptions;
}

namespace telltale::main {

class Wiring {
 public:
  // Answers once it listens; ready() may come later, as long as the log or the store is away.
  static Result<std::unique_ptr<Wiring>> build(const ServeConfig& config);
  ~Wiring();  // stop()

  // http://HOST:PORT
  const std::string& url() const;
  bool ready() const;
  // The address with a new code, for one browser of the owner; "" where no page is served.
  std::string make_link();
  // Stops taking, hands over what it folds with a last checkpoint.
  void stop();

 private:
  struct Parts;
  explicit Wiring(std::unique_ptr<Parts> parts);
  Status start(const web::HttpServerOptions& http);
  std::unique_ptr<Parts> parts_;
};

}  // namespace telltale::main
