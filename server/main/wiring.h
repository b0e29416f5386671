// Wiring: the only place that knows concrete types. Builds every part, hands each what it needs,
// and owns the order of start and stop: sinks first up, sources first down, drain, checkpoint.
#pragma once

#include <memory>

#include "base/result.h"
#include "main/config.h"

namespace telltale::serve {
struct HttpServerOptions;
}

namespace telltale::main {

class Wiring {
 public:
  static Result<std::unique_ptr<Wiring>> build(const ServeConfig& config);
  ~Wiring();  // stop()

  // http://HOST:PORT, once the page answers.
  const std::string& url() const;
  // Stops taking, folds what was taken, writes a last checkpoint.
  void stop();

 private:
  struct Parts;
  explicit Wiring(std::unique_ptr<Parts> parts);
  Status start(const serve::HttpServerOptions& http);
  std::unique_ptr<Parts> parts_;
};

}  // namespace telltale::main
