// RouteTable: everything this process answers, a line each, with who answers it. The one place that
// says it; 404, 405, limits, scopes and the OpenAPI document follow from it. Owned by the wiring,
// lives on the loop of the sockets.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "collect/http_sources.h"
#include "main/pages.h"
#include "main/visualizations.h"
#include "web/body_budget.h"
#include "web/plain_answers.h"
#include "web/route.h"
#include "web/whole_body.h"

namespace telltale::main {

// Who answers. Null: this process does not have the role.
struct Answerers {
  ports::WholeBodyHandler* ingest = nullptr;
  ports::HttpHandler* rejected = nullptr;
  collect::HttpSources* sources = nullptr;     // of every process; null in tests of others
  ports::WholeBodyHandler* sign_in = nullptr;  // null also where no token is made
  Pages* pages = nullptr;
  Visualizations* visualizations = nullptr;  // as pages
};

class RouteTable {
 public:
  using Say = std::function<std::string()>;
  // A line each: why the process cannot do its work, empty when it is ready; and what of its
  // sources it cannot read, with which all the rest works.
  struct Troubles {
    Say of_process;
    Say of_sources;
  };

  // `metrics`: what /metrics answers. All that is given outlives it.
  RouteTable(ports::Runtime& loop, web::BodyBudget& bodies, Troubles troubles, Say metrics,
             const Answerers& who);

  const web::Routes& routes() const { return *routes_; }

 private:
  ports::HttpHandler* plain(web::PlainAnswer::Say say);
  ports::HttpHandler* whole(ports::WholeBodyHandler* handler);
  void add_process(Troubles troubles, Say metrics);
  void add_sources(collect::HttpSources* sources);
  void add_events(const Answerers& who);
  void add_sign_in(ports::WholeBodyHandler* sign_in);
  void add_runs(Pages* pages);
  void add_git(Pages* pages);
  void add_visualizations(Visualizations* jobs);
  void add_render(Visualizations* jobs);
  void add_run(Pages* pages, std::string_view pattern, web::Operation operation);
  void add_page(Pages* pages);

  ports::Runtime& loop_;
  web::BodyBudget& bodies_;
  std::vector<std::unique_ptr<ports::HttpHandler>> handlers_;
  std::vector<web::Route> table_;  // until it is whole
  std::unique_ptr<web::Routes> routes_;
  std::string document_;
};

}  // namespace telltale::main
