#include "collect/http_sources.h"

#include <string>
#include <utility>

namespace telltale::collect {
namespace {

class SourcesSession final : public ports::Session, public SourceHealth::Listener {
 public:
  SourcesSession(SourceHealth& health, ports::Transport& transport)
      : health_(health), transport_(transport) {
    health_.add(*this);
  }
  ~SourcesSession() override { health_.remove(*this); }

  void start() override {
    started_ = true;
    tell();
  }
  void received(std::string_view) override {}
  void sent() override {
    sending_ = false;
    tell();
  }
  void sources_changed() override {
    if (started_ && !sending_) tell();
  }

 private:
  void tell() {
    std::string now = health_.json();
    if (now == told_) return;
    told_ = std::move(now);
    sending_ = true;
    transport_.send("data: " + told_ + "\n\n");
  }

  SourceHealth& health_;
  ports::Transport& transport_;
  std::string told_;
  bool started_ = false;
  bool sending_ = false;
};

}  // namespace

void HttpSources::handle(ports::HttpRequest, ports::Respond respond) {
  ports::HttpResponse response;
  response.body = health_.json();
  response.headers.emplace_back("cache-control", "no-store");
  respond(std::move(response));
}

std::unique_ptr<ports::Session> HttpSources::open(const ports::HttpRequest&,
                                                  ports::Transport& transport) {
  return std::make_unique<SourcesSession>(health_, transport);
}

}  // namespace telltale::collect
