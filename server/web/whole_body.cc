#include "web/whole_body.h"

#include "base/limits.h"

namespace telltale::web {

struct WholeBody::Gathering {
  explicit Gathering(BodyBudget& budget) : share(budget) {}

  ports::HttpRequest request;
  ports::Respond respond;
  std::string bytes;
  BodyBudget::Share share;
};

void WholeBody::handle(ports::HttpRequest request, ports::Respond respond) {
  auto gathering = std::make_shared<Gathering>(budget_);
  gathering->request = std::move(request);
  gathering->respond = std::move(respond);
  if (gathering->request.body == nullptr) {
    finish(std::move(gathering));
  } else {
    read_on(std::move(gathering));
  }
}

void WholeBody::read_on(std::shared_ptr<Gathering> gathering) {
  ports::Body& body = *gathering->request.body;
  body.read(limits::kBodyPieceBytes,
            {loop_, [this, gathering = std::move(gathering)](Result<std::string> piece) mutable {
               taken(std::move(gathering), std::move(piece));
             }});
}

void WholeBody::taken(std::shared_ptr<Gathering> gathering, Result<std::string> piece) {
  if (!piece.ok()) {
    gathering->respond(ports::problem(piece.error()));
    return;
  }
  if (piece->empty()) {
    finish(std::move(gathering));
    return;
  }
  if (!gathering->share.take(piece->size())) {
    gathering->respond(ports::problem(
        {ErrorCode::too_many_requests,
         "This server is taking all the bodies it has room for. Send it again in a moment."}));
    return;
  }
  std::string& bytes = gathering->bytes;
  if (bytes.empty()) {
    bytes = piece.take();
  } else {
    bytes += *piece;
  }
  const std::optional<std::uint64_t> length = gathering->request.length;
  if (length && bytes.size() >= *length) {
    finish(std::move(gathering));
  } else {
    read_on(std::move(gathering));
  }
}

void WholeBody::finish(std::shared_ptr<Gathering> gathering) {
  ports::HttpRequest request = std::move(gathering->request);
  request.body = nullptr;
  std::string bytes = std::move(gathering->bytes);
  // Whoever answers gives the share back: until then the bytes are somewhere behind the handler.
  handler_.handle(std::move(request), std::move(bytes),
                  [gathering = std::move(gathering)](ports::HttpResponse response) {
                    gathering->respond(std::move(response));
                  });
}

}  // namespace telltale::web
