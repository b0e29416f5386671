// What an Event must be to enter the log, beyond being well-formed. Says why not in a sentence that
// names the field and what to send instead.
#pragma once

#include "base/result.h"

namespace telltale::schema {
class Event;
}

namespace telltale::collect {

Status check_event(const schema::Event& event);

}  // namespace telltale::collect
