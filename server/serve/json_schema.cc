#include "serve/json_schema.h"

#include <fmt/format.h>
#include <google/protobuf/descriptor.h>

#include <map>

#include "base/json.h"
#include "schema/health.pb.h"
#include "schema/job.pb.h"
#include "schema/view.pb.h"

namespace telltale::serve {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

// protobuf leaves out what is 0, and writes 64-bit integers as strings: JSON's numbers would not
// hold them.
constexpr std::string_view kWhole64 = R"({"type":"string","pattern":"^-?[0-9]+$"})";
constexpr std::string_view kReal =
    R"({"anyOf":[{"type":"number"},{"type":"string","enum":["NaN","Infinity","-Infinity"]}]})";

std::string enum_schema(const google::protobuf::EnumDescriptor& type) {
  std::string names;
  for (int i = 0; i < type.value_count(); ++i)
    names += (i == 0 ? "" : ",") + json_string(type.value(i)->name());
  return fmt::format(R"({{"type":"string","enum":[{}]}})", names);
}

std::string value_schema(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_UINT32: return R"({"type":"integer"})";
    case FieldDescriptor::CPPTYPE_INT64:
    case FieldDescriptor::CPPTYPE_UINT64: return std::string(kWhole64);
    case FieldDescriptor::CPPTYPE_DOUBLE:
    case FieldDescriptor::CPPTYPE_FLOAT: return std::string(kReal);
    case FieldDescriptor::CPPTYPE_BOOL: return R"({"type":"boolean"})";
    case FieldDescriptor::CPPTYPE_ENUM: return enum_schema(*field.enum_type());
    case FieldDescriptor::CPPTYPE_STRING: return R"({"type":"string"})";
    case FieldDescriptor::CPPTYPE_MESSAGE: break;
  }
  return fmt::format(R"({{"$ref":"#/components/schemas/{}"}})", field.message_type()->name());
}

std::string field_schema(const FieldDescriptor& field) {
  if (field.is_map())
    return fmt::format(R"({{"type":"object","additionalProperties":{}}})",
                       value_schema(*field.message_type()->map_value()));
  if (field.is_repeated())
    return fmt::format(R"({{"type":"array","items":{}}})", value_schema(field));
  return value_schema(field);
}

const Descriptor* message_in(const FieldDescriptor& field) {
  if (!field.is_map()) return field.message_type();
  return field.message_type()->map_value()->message_type();
}

// By name, so that each stands once, and in an order that does not change.
void add(const Descriptor& message, std::map<std::string, std::string>& schemas) {
  if (!schemas.emplace(message.name(), "").second) return;
  std::string fields;
  for (int i = 0; i < message.field_count(); ++i) {
    const FieldDescriptor& field = *message.field(i);
    fields +=
        fmt::format("{}{}:{}", i == 0 ? "" : ",", json_string(field.name()), field_schema(field));
    if (const Descriptor* inner = message_in(field)) add(*inner, schemas);
  }
  schemas[message.name()] = fmt::format(
      R"({{"type":"object","properties":{{{}}},"additionalProperties":false}})", fields);
}

}  // namespace

std::string json_schemas(const std::vector<const Descriptor*>& messages) {
  std::map<std::string, std::string> schemas;
  for (const Descriptor* message : messages) add(*message, schemas);
  std::string json;
  for (const auto& [name, schema] : schemas)
    json += fmt::format("{}\n{}:{}", json.empty() ? "" : ",", json_string(name), schema);
  return json;
}

std::string view_schemas() {
  return json_schemas({schema::RunList::descriptor(), schema::RunView::descriptor(),
                       schema::GraphLayout::descriptor(), schema::TaskView::descriptor(),
                       schema::SeriesPoints::descriptor(), schema::ArtifactView::descriptor(),
                       schema::VisualizationList::descriptor(), schema::SourceList::descriptor()});
}

}  // namespace telltale::serve
