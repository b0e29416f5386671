// ArgoTranslate: lines of a Kubernetes watch -> events, by difference. A workflow is sent whole at
// every change; what is told of it are the head and the nodes that are not as they were last time,
// at a cost that follows the change: what has the same bytes as before is not parsed. Its state is
// a digest for each entity and can be lost at any time: then things are told again, which is
// harmless, since the fold takes them by value. Pure but for that state; one loop. Never trusts a
// line: what is no whole JSON object is told as such and gives no event.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "schema/event.pb.h"

namespace telltale::collect {

struct Translated {
  enum class Line {
    object,    // of a Workflow or a Pod
    bookmark,  // only a version
    error,     // the server ends the watch, `trouble` has its words and `code` its number
    list,      // a list begins or ends, see begin_list()
    other,     // of a kind that is none of ours
    unreadable,
  };
  Line line = Line::unreadable;
  std::vector<schema::Event> events;  // a workflow's head first, groups before what stands in them
  std::uint64_t version = 0;          // resourceVersion
  std::string trouble;
  int code = 0;
};

class ArgoTranslate {
 public:
  // `generation` grows where the cluster's versions went back.
  explicit ArgoTranslate(std::string cluster, std::uint64_t generation = 1);
  ~ArgoTranslate();

  Translated translate(std::string_view line);

  // Around the objects of a list, each given to translate() as a line: what was known before and is
  // not among them is told as deleted. `stream`: "workflows" or "pods", of one namespace
  // "workflows/NAMESPACE". The lines {"type":"LISTING","stream":"…"} and LISTED say the same.
  void begin_list(const std::string& stream);
  std::vector<schema::Event> end_list(const std::string& stream, std::uint64_t version);

 private:
  struct Buffers;
  struct Slices;
  struct NodeDigest {
    std::size_t bytes = 0;  // of the node as it came
    std::size_t told = 0;   // of what was told of it
    std::uint32_t seen = 0;
  };
  struct KnownWorkflow {
    std::size_t spec = 0;
    std::size_t packed = 0;  // of the compressed nodes
    std::size_t told = 0;
    schema::Workflow of_spec;
    schema::Workflow head;
    RunKey run;
    std::unordered_map<std::string, NodeDigest> nodes;
    std::uint32_t pass = 0;
    std::uint32_t list = 0;  // how many lists had begun when it was last told
  };
  struct KnownPod {
    std::size_t told = 0;
    std::string namespace_name;
    std::string name;
    std::string node_id;
    RunKey run;
    std::uint32_t list = 0;
  };

  bool slice(std::string_view line, Slices& slices);
  void translate_workflow(const Slices& slices, Translated& out);
  void translate_spec(const Slices& slices, KnownWorkflow& known, schema::Workflow& head);
  void tell_head(schema::Workflow head, KnownWorkflow& known, Translated& out);
  // These return why the nodes can't be told.
  std::string translate_nodes(const Slices& slices, KnownWorkflow& known, Translated& out);
  std::string translate_packed(std::string_view packed, KnownWorkflow& known, Translated& out);
  void translate_node_map(const std::vector<std::pair<std::string_view, std::string_view>>& nodes,
                          KnownWorkflow& known, Translated& out);
  void translate_pod(const Slices& slices, Translated& out);
  void end_list_of_workflows(const std::string& namespace_name, std::uint32_t began,
                             std::uint64_t version, std::vector<schema::Event>& events);
  void end_list_of_pods(const std::string& namespace_name, std::uint32_t began,
                        std::uint64_t version, std::vector<schema::Event>& events);
  schema::Event new_event(const RunKey& run, std::int64_t happened_at_us) const;
  void forget_if_full();

  std::string cluster_;
  std::uint64_t generation_;
  std::uint64_t newest_ = 0;  // version of any object so far
  std::unique_ptr<Buffers> buffers_;
  std::unordered_map<std::string, KnownWorkflow> workflows_;  // by uid
  std::unordered_map<std::string, KnownPod> pods_;
  std::uint32_t list_ = 0;                                // how many lists have begun
  std::unordered_map<std::string, std::uint32_t> began_;  // by stream: which one is under way
};

}  // namespace telltale::collect
