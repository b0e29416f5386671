// http_fields: what the values of header fields say (RFC 9110): lists, weights, entity tags. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace telltale::web {

std::string lower(std::string_view text);
// The same but for the case of letters.
bool same_word(std::string_view a, std::string_view b);
// The elements of a comma separated list, without the spaces around them; empty ones are left out,
// commas between quotes are no ends.
std::vector<std::string_view> elements(std::string_view list);
// "gzip" of "gzip;q=0.5".
std::string_view name_of_element(std::string_view element);
// Its weight from 0 to 1,000: 1,000 where none is told, 0 where what is told is none.
int weight_of_element(std::string_view element);

// Whether If-None-Match names this entity tag, comparing weakly, as it is done there.
bool names_tag(std::string_view if_none_match, std::string_view tag);
// Whether Accept-Encoding would rather have gzip than the bytes as they are.
bool prefers_gzip(std::string_view accept_encoding);
// Whether Accept asks for this type by name.
bool accepts(std::string_view accept, std::string_view type);

}  // namespace telltale::web
