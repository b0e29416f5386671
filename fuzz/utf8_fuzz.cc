// Our UTF-8 against simdjson's, and JSON strings read back by it.
#include <simdjson.h>

#include "base/json.h"
#include "base/utf8.h"
#include "fuzz/harness.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = telltale::fuzz::text_of(data, size);
  const bool valid = telltale::is_valid_utf8(bytes);
  CHECK(valid == simdjson::validate_utf8(bytes.data(), bytes.size()), "simdjson says {}", !valid);
  const std::string text = telltale::to_valid_utf8(bytes);
  CHECK(telltale::is_valid_utf8(text), "what was made valid is not");
  CHECK(!valid || text == bytes, "valid text was changed");
  simdjson::dom::parser parser;
  std::string_view read;
  const auto error = parser.parse(telltale::json_string(bytes)).get_string().get(read);
  CHECK(error == simdjson::SUCCESS && read == text, "a JSON string reads back differently");
  return 0;
}
