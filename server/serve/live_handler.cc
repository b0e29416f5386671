#include "serve/live_handler.h"

#include "schema/view.pb.h"
#include "serve/live_session.h"

namespace telltale::serve {

std::unique_ptr<ports::Session> LiveHandler::open(const ports::HttpRequest& request,
                                                  ports::Transport& transport) {
  const auto session_of = [&](auto encode) {
    return std::make_unique<LiveSession>(loop_, views_, runs_, counters_, transport, encode);
  };
  if (kind_ == Kind::socket) return session_of(encode_binary);
  const Result<Resource> resource = parse_resource(request.path, request.query);
  if (!resource.ok()) return nullptr;
  auto session = session_of(encode_event);
  schema::Subscribe subscribe;
  subscribe.set_id(1);
  subscribe.set_path(request.query.empty() ? request.path : request.path + "?" + request.query);
  const std::string& last = request.header("last-event-id");
  subscribe.set_since(last.empty() ? resource->text("since") : last);
  session->subscribe(subscribe);
  return session;
}

}  // namespace telltale::serve
