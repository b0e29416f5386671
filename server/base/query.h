// The query of a URL: name=value joined by '&', percent-encoded. Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace telltale {

// `text` as a URL's query wants it.
std::string percent_encode(std::string_view text);
// What is no escape stays as it is.
std::string percent_decode(std::string_view text, bool plus_is_space);

std::multimap<std::string, std::string> parse_query(std::string_view query);

// The first value of that name, or "".
std::string query_text(const std::multimap<std::string, std::string>& query,
                       const std::string& name);

}  // namespace telltale
