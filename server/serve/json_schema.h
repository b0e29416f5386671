// json_schema: the JSON Schema of protobuf messages as their JSON mapping writes them, with the
// fields' own names. Pure.
#pragma once

#include <string>
#include <vector>

namespace google::protobuf {
class Descriptor;
}

namespace telltale::serve {

// "Name":{...} for each, and for each message that they hold, comma separated.
std::string json_schemas(const std::vector<const google::protobuf::Descriptor*>& messages);

// Those of what GET answers: RunList, RunView, GraphLayout, TaskView, SeriesPoints, ArtifactView.
std::string view_schemas();

}  // namespace telltale::serve
