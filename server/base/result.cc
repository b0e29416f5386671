#include "base/result.h"

namespace telltale {

const char* name_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument: return "invalid_argument";
    case ErrorCode::not_found: return "not_found";
    case ErrorCode::precondition_failed: return "precondition_failed";
    case ErrorCode::expired: return "expired";
    case ErrorCode::too_large: return "too_large";
    case ErrorCode::too_many_requests: return "too_many_requests";
    case ErrorCode::unavailable: return "unavailable";
    case ErrorCode::storage_full: return "storage_full";
    case ErrorCode::corrupt: return "corrupt";
    case ErrorCode::closed: return "closed";
    case ErrorCode::internal: return "internal";
  }
  return "internal";
}

int http_status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument: return 400;
    case ErrorCode::not_found: return 404;
    case ErrorCode::precondition_failed: return 412;
    case ErrorCode::expired: return 410;
    case ErrorCode::too_large: return 413;
    case ErrorCode::too_many_requests: return 429;
    case ErrorCode::unavailable:
    case ErrorCode::closed: return 503;
    case ErrorCode::storage_full: return 507;
    case ErrorCode::corrupt:
    case ErrorCode::internal: return 500;
  }
  return 500;
}

}  // namespace telltale
