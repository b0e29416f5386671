// A reader over JSON that a Kubernetes API server sent: what is not there, or is of another type,
// reads as empty. Pure; used by the files of collect that read its objects, while the parser that
// made the values lives.
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace telltale::collect {

class Json {
 public:
  Json() = default;
  Json(simdjson::dom::element value) : value_(value), there_(true) {}

  bool there() const { return there_; }
  bool is_object() const { return there_ && value_.is_object(); }
  // The member of that name.
  Json operator[](std::string_view name) const;
  std::string_view text() const;
  std::string_view text(std::string_view name) const { return (*this)[name].text(); }
  bool flag(std::string_view name) const;
  std::int64_t number(std::string_view name, std::int64_t otherwise = 0) const;
  // RFC 3339, as microseconds since the Unix epoch.
  std::int64_t time_us(std::string_view name) const;
  // The value as JSON text.
  std::string json() const;

  // f(element) for each of an array, f(name, element) for each member of an object.
  template <typename F>
  void each(F f) const {
    simdjson::dom::array array;
    if (!there_ || value_.get_array().get(array) != simdjson::SUCCESS) return;
    for (const simdjson::dom::element element : array) f(Json(element));
  }
  template <typename F>
  void each_member(F f) const {
    simdjson::dom::object object;
    if (!there_ || value_.get_object().get(object) != simdjson::SUCCESS) return;
    for (const simdjson::dom::key_value_pair field : object) f(field.key, Json(field.value));
  }

 private:
  simdjson::dom::element value_;
  bool there_ = false;
};

// The bytes of a text up to `most`, whole characters only.
std::string cut_text(std::string_view text, std::size_t most);
// RFC 3339, as microseconds since the Unix epoch; 0 for what is none.
std::int64_t parse_time_us(std::string_view text);

}  // namespace telltale::collect
