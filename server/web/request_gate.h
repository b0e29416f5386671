// request_gate: what is said by a request's header alone, before a byte of its body is taken or
// asked for: who may not ask, what is not there, which bodies and WebSockets are not taken. Pure.
#pragma once

#include <optional>

#include "ports/http_handler.h"
#include "web/authenticator.h"
#include "web/request_guard.h"
#include "web/route.h"

namespace telltale::web {

// Nothing: the route's handler answers. `upgrade`: it asks to become a WebSocket.
std::optional<ports::HttpResponse> refuse(const ports::HttpRequest& request,
                                          const Routes::Found& found, bool upgrade,
                                          const GuardOptions& guard, Authenticator& authenticator);

}  // namespace telltale::web
