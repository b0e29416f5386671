// HttpRejected: GET /api/v1/rejected. Called on serve's loop; what was refused lives on collect's.
#pragma once

#include "collect/rejected_events.h"
#include "ports/http_handler.h"

namespace telltale::collect {

class HttpRejected final : public ports::HttpHandler {
 public:
  HttpRejected(ports::Runtime& serve_loop, ports::Runtime& collect_loop,
               const RejectedEvents& rejected)
      : serve_loop_(serve_loop), collect_loop_(collect_loop), rejected_(rejected) {}

  void handle(ports::HttpRequest, ports::Respond respond) override {
    ports::Completion<ports::HttpResponse> done(serve_loop_, std::move(respond));
    collect_loop_.post([this, done = std::move(done)]() mutable {
      ports::HttpResponse response;
      response.body = rejected_.json();
      done(std::move(response));
    });
  }

 private:
  ports::Runtime& serve_loop_;
  ports::Runtime& collect_loop_;
  const RejectedEvents& rejected_;
};

}  // namespace telltale::collect
