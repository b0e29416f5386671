// Pushes: POST /api/v1/projects/{project}/pushes, for what no git client pushes: a revision that is
// fetched from another server, an earlier one (a roll back), a delivery again with other
// parameters. Asks a short Python process (python/delivery/asked) that begins the delivery and says
// its run's key, or why not. Lives on serve's loop; never waits for a process.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "deliver/target_local.h"
#include "ports/alive.h"
#include "ports/http_handler.h"
#include "ports/process.h"

namespace telltale::deliver {

class Pushes final : public ports::WholeBodyHandler {
 public:
  // All outlive this.
  Pushes(ports::Runtime& loop, ports::Processes& processes, TargetLocalOptions options);

  // Where deliveries report to; before the first request.
  void set_url(std::string url) { url_ = std::move(url); }
  void handle(ports::HttpRequest request, std::string body, ports::Respond respond) override;

 private:
  struct Asked {
    std::unique_ptr<ports::Process> process;
    ports::Respond respond;
    std::string said = {};
  };
  ports::ProcessSpec asking(const std::string& project, const std::string& caller) const;
  void read(std::uint64_t number);
  void took(std::uint64_t number, Result<std::string> piece);
  void ended(std::uint64_t number, const ports::ProcessEnd& end);

  ports::Runtime& loop_;
  ports::Processes& processes_;
  const TargetLocalOptions options_;
  std::string url_;
  std::map<std::uint64_t, Asked> asked_;  // and not answered
  std::uint64_t next_number_ = 1;
  ports::Alive alive_;
};

}  // namespace telltale::deliver
