// WholeBody: gathers a request's body for a handler that wants it whole. The one place where bodies
// are gathered: each byte is counted in the budget of the process until the request is answered.
// Owned by the table of routes, lives on the loop of the sockets.
#pragma once

#include "ports/http_handler.h"
#include "web/body_budget.h"

namespace telltale::web {

class WholeBody final : public ports::HttpHandler {
 public:
  // Both outlive it and every request.
  WholeBody(ports::Runtime& loop, BodyBudget& budget, ports::WholeBodyHandler& handler)
      : loop_(loop), budget_(budget), handler_(handler) {}

  void handle(ports::HttpRequest request, ports::Respond respond) override;

 private:
  struct Gathering;
  void read_on(std::shared_ptr<Gathering> gathering);
  void taken(std::shared_ptr<Gathering> gathering, Result<std::string> piece);
  void finish(std::shared_ptr<Gathering> gathering);

  ports::Runtime& loop_;
  BodyBudget& budget_;
  ports::WholeBodyHandler& handler_;
};

}  // namespace telltale::web
