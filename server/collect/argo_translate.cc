#include "collect/argo_translate.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/limits.h"
#include "collect/argo_workflow.h"

namespace telltale::collect {
namespace {

namespace ondemand = simdjson::ondemand;
using NodeMap = std::vector<std::pair<std::string_view, std::string_view>>;  // id, JSON

std::size_t digest(std::string_view bytes) { return std::hash<std::string_view>{}(bytes); }

std::uint64_t version_of(std::string_view text) {
  std::uint64_t version = 0;
  std::from_chars(text.data(), text.data() + text.size(), version);
  return version;
}

// The bytes of a value as it stands in the line; empty at a fault, which the iteration keeps.
std::string_view raw(ondemand::value value) {
  ondemand::json_type type{};
  std::string_view bytes;
  if (value.type().get(type) != simdjson::SUCCESS) return {};
  if (type == ondemand::json_type::object) {
    ondemand::object object;
    if (value.get_object().get(object) == simdjson::SUCCESS)
      return object.raw_json().get(bytes) == simdjson::SUCCESS ? bytes : std::string_view();
  } else if (type == ondemand::json_type::array) {
    ondemand::array array;
    if (value.get_array().get(array) == simdjson::SUCCESS)
      return array.raw_json().get(bytes) == simdjson::SUCCESS ? bytes : std::string_view();
  } else {
    return value.raw_json_token();
  }
  return {};
}

// f(key, value) for each member; false if the object is not whole.
template <typename F>
bool each_field(ondemand::value value, F f) {
  ondemand::object object;
  if (value.get_object().get(object) != simdjson::SUCCESS) return false;
  for (auto field : object) {
    std::string_view key;
    ondemand::value member;
    if (field.unescaped_key().get(key) != simdjson::SUCCESS) return false;
    if (field.value().get(member) != simdjson::SUCCESS) return false;
    if (!f(key, member)) return false;
  }
  return true;
}

bool is_object(ondemand::value value) {
  ondemand::json_type type{};
  return value.type().get(type) == simdjson::SUCCESS && type == ondemand::json_type::object;
}

std::string_view or_null(std::string_view json) { return json.empty() ? "null" : json; }

bool is_of_pods(std::string_view stream) { return stream.substr(0, 4) == "pods"; }

template <typename Times>
std::int64_t latest(const Times& told) {
  return std::max(told.started_at_us(), told.finished_at_us());
}

std::int64_t latest_of_pod(const schema::SourcePod& pod) {
  std::int64_t time_us = std::max(pod.created_at_us(), pod.started_at_us());
  for (const schema::SourceContainer& container : pod.containers())
    time_us = std::max(time_us, latest(container));
  return time_us;
}

// The same facts have the same bytes, whatever order a map has in memory.
std::string bytes_of(const google::protobuf::Message& message) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream out(&stream);
    out.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&out);
  }
  return bytes;
}

constexpr std::string_view kOffloaded =
    "Its nodes are kept in a database of Argo's (offloadNodeStatusVersion), where Telltale does "
    "not "
    "look.";

}  // namespace

struct ArgoTranslate::Buffers {
  ondemand::parser lines;
  simdjson::dom::parser parts;
  simdjson::dom::parser other_parts;
  ondemand::parser packed;

  // A piece of the line, or a text made of such; {} if it is no JSON.
  static Json parse(simdjson::dom::parser& parser, std::string_view bytes) {
    simdjson::dom::element parsed;
    if (bytes.empty() || parser.parse(bytes.data(), bytes.size()).get(parsed) != simdjson::SUCCESS)
      return {};
    return parsed;
  }
};

// Where the parts of a line are. Texts refer to it, but for those that were unescaped.
struct ArgoTranslate::Slices {
  simdjson::padded_string line;
  std::string type;
  std::string kind;
  std::string stream;
  std::string_view metadata;
  std::string_view spec;
  std::string_view stored;  // templates that were stored with the workflow
  std::string_view stored_spec;
  std::string status = "{";  // but for nodes; JSON
  std::string_view packed;   // with its quotes
  bool nodes_offloaded = false;
  bool has_nodes = false;
  NodeMap nodes;
};

ArgoTranslate::ArgoTranslate(std::string cluster, std::uint64_t generation)
    : cluster_(std::move(cluster)),
      generation_(generation),
      buffers_(std::make_unique<Buffers>()) {}

ArgoTranslate::~ArgoTranslate() = default;

bool ArgoTranslate::slice(std::string_view text, Slices& out) {
  out.line = simdjson::padded_string(text);
  ondemand::document document;
  ondemand::value root;
  if (buffers_->lines.iterate(out.line).get(document) != simdjson::SUCCESS) return false;
  if (document.get_value().get(root) != simdjson::SUCCESS) return false;
  const auto text_of = [](ondemand::value value, std::string& into) {
    std::string_view found;
    if (value.get_string().get(found) != simdjson::SUCCESS) return false;
    into = cut_text(found, 64);
    return true;
  };
  const auto node = [&](std::string_view id, ondemand::value value) {
    if (!is_object(value)) return true;
    const std::string_view bytes = raw(value);
    out.nodes.emplace_back(id, bytes);
    return !bytes.empty();
  };
  const auto status = [&](std::string_view key, ondemand::value value) {
    if (key == "nodes" && is_object(value)) {
      out.has_nodes = true;
      return each_field(value, node);
    }
    const std::string_view bytes = raw(value);
    if (bytes.empty()) return false;
    if (key == "compressedNodes") out.packed = bytes;
    if (key == "offloadNodeStatusVersion") out.nodes_offloaded = bytes.size() > 2;
    if (key == "storedTemplates") out.stored = bytes;
    if (key == "storedWorkflowTemplateSpec") out.stored_spec = bytes;
    // What reads a pod needs all of it, what reads a workflow a few small fields.
    if (key == "nodes" || key == "compressedNodes" || key == "taskResultsCompletionStatus" ||
        key.substr(0, 6) == "stored" || key == "outputs")
      return true;
    out.status += fmt::format("{}\"{}\":{}", out.status.size() > 1 ? "," : "", key, bytes);
    return true;
  };
  const auto object = [&](std::string_view key, ondemand::value value) {
    if (key == "kind") return text_of(value, out.kind);
    if (key == "status" && is_object(value)) return each_field(value, status);
    const std::string_view bytes = raw(value);
    if (key == "metadata") out.metadata = bytes;
    if (key == "spec") out.spec = bytes;
    return !bytes.empty();
  };
  const bool whole = each_field(root, [&](std::string_view key, ondemand::value value) {
    if (key == "type") return text_of(value, out.type);
    if (key == "stream") return text_of(value, out.stream);
    if (key == "object" && is_object(value)) return each_field(value, object);
    return !raw(value).empty();
  });
  out.status += "}";
  const bool at_end = document.current_location().error() == simdjson::OUT_OF_BOUNDS;
  return whole && at_end && !out.type.empty();
}

Translated ArgoTranslate::translate(std::string_view line) {
  Translated out;
  Slices slices;
  if (!slice(line, slices)) {
    out.trouble = "The line is no whole event of a watch.";
    return out;
  }
  const Json metadata = Buffers::parse(buffers_->parts, slices.metadata);
  out.version = version_of(metadata.text("resourceVersion"));
  newest_ = std::max(newest_, out.version);
  // In a list the API server leaves out what its own kinds are; of ours those are the pods.
  if (slices.kind.empty()) slices.kind = "Pod";
  if (slices.type == "BOOKMARK") {
    out.line = Translated::Line::bookmark;
  } else if (slices.type == "LISTING") {
    out.line = Translated::Line::list;
    begin_list(slices.stream);
  } else if (slices.type == "LISTED") {
    out.line = Translated::Line::list;
    out.events = end_list(slices.stream, newest_);
  } else if (slices.type == "ERROR") {
    out.line = Translated::Line::error;
    const Json whole = Buffers::parse(buffers_->other_parts, line)["object"];
    out.trouble = cut_text(whole.text("message"), 1'024);
    out.code = static_cast<int>(whole.number("code"));
  } else if (slices.kind == "Workflow") {
    out.line = Translated::Line::object;
    translate_workflow(slices, out);
  } else if (slices.kind == "Pod") {
    out.line = Translated::Line::object;
    translate_pod(slices, out);
  } else {
    out.line = Translated::Line::other;
  }
  forget_if_full();
  return out;
}

schema::Event ArgoTranslate::new_event(const RunKey& run, std::int64_t happened_at_us) const {
  schema::Event event;
  event.set_run_key(run.text());
  event.set_happened_at_us(happened_at_us);
  return event;
}

void ArgoTranslate::translate_workflow(const Slices& slices, Translated& out) {
  const Json metadata = Buffers::parse(buffers_->parts, slices.metadata);
  const std::string uid(metadata.text("uid"));
  if (uid.empty()) return;
  KnownWorkflow& known = workflows_[uid];
  known.run = make_run_key("kubernetes", cluster_, metadata.text("namespace"), uid);
  known.list = list_;

  schema::Workflow head;
  translate_spec(slices, known, head);
  read_status(metadata, Buffers::parse(buffers_->other_parts, slices.status), head);
  head.set_cluster(cluster_);
  head.set_deleted(slices.type == "DELETED");
  head.set_nodes_unreadable(translate_nodes(slices, known, out));
  tell_head(std::move(head), known, out);
  if (slices.type == "DELETED") workflows_.erase(uid);
}

void ArgoTranslate::tell_head(schema::Workflow head, KnownWorkflow& known, Translated& out) {
  const std::size_t told = digest(bytes_of(head));
  if (told == known.told) return;
  known.head = head;
  known.head.clear_templates();
  known.told = digest(bytes_of(known.head));
  schema::Event event = new_event(known.run, std::max(head.created_at_us(), latest(head)));
  head.set_version(out.version);
  head.set_generation(generation_);
  *event.mutable_workflow() = std::move(head);
  out.events.insert(out.events.begin(), std::move(event));
}

// Into `head`: what follows from the spec, and the templates if they are new.
void ArgoTranslate::translate_spec(const Slices& slices, KnownWorkflow& known,
                                   schema::Workflow& head) {
  const std::size_t spec = digest(fmt::format("{} {} {}", digest(slices.spec),
                                              digest(slices.stored), digest(slices.stored_spec)));
  if (spec == known.spec) {
    head = known.of_spec;
    return;
  }
  known.spec = spec;
  // One text, so that all parts are there at a time.
  const std::string text =
      fmt::format(R"({{"metadata":{},"spec":{},)"
                  R"("status":{{"storedTemplates":{},"storedWorkflowTemplateSpec":{}}}}})",
                  or_null(slices.metadata), or_null(slices.spec), or_null(slices.stored),
                  or_null(slices.stored_spec));
  const Json parsed = Buffers::parse(buffers_->other_parts, text);
  known.of_spec.Clear();
  read_spec(parsed["metadata"], parsed["spec"], known.of_spec);
  head = known.of_spec;
  read_templates(parsed["spec"], parsed["status"], *head.mutable_templates());
}

// Returns why they can't be told.
std::string ArgoTranslate::translate_nodes(const Slices& slices, KnownWorkflow& known,
                                           Translated& out) {
  if (slices.packed.size() > 2) return translate_packed(slices.packed, known, out);
  if (slices.nodes_offloaded && !slices.has_nodes) return std::string(kOffloaded);
  known.packed = 0;
  translate_node_map(slices.nodes, known, out);
  return "";
}

std::string ArgoTranslate::translate_packed(std::string_view packed, KnownWorkflow& known,
                                            Translated& out) {
  const std::size_t packed_digest = digest(packed);
  if (packed_digest == known.packed) return known.head.nodes_unreadable();
  known.packed = packed_digest;
  while (!packed.empty() && packed.back() != '"') packed.remove_suffix(1);
  if (packed.size() < 2) return "Its nodes are packed, and not as base64.";
  const Result<std::string> nodes = inflate_nodes(packed.substr(1, packed.size() - 2));
  if (!nodes.ok()) return nodes.error().message;
  const simdjson::padded_string text(nodes.value());
  ondemand::document document;
  ondemand::value root;
  NodeMap map;
  const bool whole = buffers_->packed.iterate(text).get(document) == simdjson::SUCCESS &&
                     document.get_value().get(root) == simdjson::SUCCESS &&
                     each_field(root, [&](std::string_view id, ondemand::value value) {
                       const std::string_view bytes = raw(value);
                       map.emplace_back(id, bytes);
                       return !bytes.empty();
                     });
  if (!whole) return "Its nodes are packed, and no JSON.";
  translate_node_map(map, known, out);
  return "";
}

void ArgoTranslate::translate_node_map(const NodeMap& nodes, KnownWorkflow& known,
                                       Translated& out) {
  ++known.pass;
  const std::size_t first = out.events.size();
  for (const auto& [id, bytes] : nodes) {
    if (id.empty()) continue;
    NodeDigest& last = known.nodes[std::string(id)];
    // No API server names one twice.
    if (std::exchange(last.seen, known.pass) == known.pass) continue;
    const std::size_t now = digest(bytes);
    if (now == last.bytes) continue;
    const Json parsed = Buffers::parse(buffers_->other_parts, bytes);
    if (!parsed.is_object()) continue;
    last.bytes = now;
    schema::SourceNode node;
    read_node(parsed, node);
    node.set_source_id(cut_text(id, limits::kSourceIdBytes));
    const std::size_t told = digest(node.SerializeAsString());
    if (told == last.told) continue;
    last.told = told;
    node.set_version(out.version);
    node.set_generation(generation_);
    schema::Event& event = out.events.emplace_back(new_event(known.run, latest(node)));
    *event.mutable_source_node() = std::move(node);
  }
  std::sort(out.events.begin() + static_cast<std::ptrdiff_t>(first), out.events.end(),
            [](const schema::Event& a, const schema::Event& b) {
              const std::string& one = a.source_node().name();
              const std::string& other = b.source_node().name();
              return std::pair(one.size(), one) < std::pair(other.size(), other);
            });
  for (auto it = known.nodes.begin(); it != known.nodes.end();) {
    if (it->second.seen == known.pass) {
      ++it;
      continue;
    }
    schema::Event& event = out.events.emplace_back(new_event(known.run, 0));
    schema::SourceNode& node = *event.mutable_source_node();
    node.set_source_id(cut_text(it->first, limits::kSourceIdBytes));
    node.set_removed(true);
    node.set_version(out.version);
    node.set_generation(generation_);
    it = known.nodes.erase(it);
  }
}

void ArgoTranslate::translate_pod(const Slices& slices, Translated& out) {
  const std::string text =
      fmt::format(R"({{"metadata":{},"spec":{},"status":{}}})", or_null(slices.metadata),
                  or_null(slices.spec), slices.status);
  const Json parsed = Buffers::parse(buffers_->other_parts, text);
  const std::string_view owner = workflow_uid_of_pod(parsed["metadata"]);
  schema::SourcePod pod;
  read_pod(parsed, pod);
  if (owner.empty() || pod.uid().empty()) return;
  pod.set_deleted(slices.type == "DELETED");
  KnownPod& known = pods_[pod.uid()];
  known.list = list_;
  known.run = make_run_key("kubernetes", cluster_, parsed["metadata"].text("namespace"), owner);
  known.namespace_name = std::string(parsed["metadata"].text("namespace"));
  known.name = pod.name();
  known.node_id = pod.node_id();
  const RunKey run = known.run;
  const std::size_t told = digest(bytes_of(pod));
  const bool same = told == known.told;
  known.told = told;
  if (pod.deleted()) pods_.erase(pod.uid());
  if (same) return;
  pod.set_version(out.version);
  pod.set_generation(generation_);
  schema::Event& event = out.events.emplace_back(new_event(run, latest_of_pod(pod)));
  *event.mutable_source_pod() = std::move(pod);
}

void ArgoTranslate::begin_list(const std::string& stream) { began_[stream] = ++list_; }

std::vector<schema::Event> ArgoTranslate::end_list(const std::string& stream,
                                                   std::uint64_t version) {
  std::vector<schema::Event> events;
  const auto began = began_.find(stream);
  if (began == began_.end()) return events;
  const std::size_t slash = stream.find('/');
  const std::string namespace_name = slash == std::string::npos ? "" : stream.substr(slash + 1);
  if (is_of_pods(stream)) {
    end_list_of_pods(namespace_name, began->second, version, events);
  } else {
    end_list_of_workflows(namespace_name, began->second, version, events);
  }
  began_.erase(began);
  return events;
}

void ArgoTranslate::end_list_of_workflows(const std::string& namespace_name, std::uint32_t began,
                                          std::uint64_t version,
                                          std::vector<schema::Event>& events) {
  for (auto it = workflows_.begin(); it != workflows_.end();) {
    KnownWorkflow& known = it->second;
    const bool asked = namespace_name.empty() || known.head.namespace_() == namespace_name;
    if (known.list >= began || !asked) {
      ++it;
      continue;
    }
    schema::Event& event = events.emplace_back(new_event(known.run, latest(known.head)));
    schema::Workflow& head = *event.mutable_workflow();
    head = known.head;
    head.set_deleted(true);
    head.set_version(version);
    head.set_generation(generation_);
    it = workflows_.erase(it);
  }
}

void ArgoTranslate::end_list_of_pods(const std::string& namespace_name, std::uint32_t began,
                                     std::uint64_t version, std::vector<schema::Event>& events) {
  for (auto it = pods_.begin(); it != pods_.end();) {
    const KnownPod& known = it->second;
    const bool asked = namespace_name.empty() || known.namespace_name == namespace_name;
    if (known.list >= began || !asked) {
      ++it;
      continue;
    }
    schema::Event& event = events.emplace_back(new_event(known.run, 0));
    schema::SourcePod& pod = *event.mutable_source_pod();
    pod.set_uid(it->first);
    pod.set_name(known.name);
    pod.set_node_id(known.node_id);
    pod.set_deleted(true);
    pod.set_version(version);
    pod.set_generation(generation_);
    it = pods_.erase(it);
  }
}

void ArgoTranslate::forget_if_full() {
  if (workflows_.size() > limits::kSourceObjects) workflows_.clear();
  if (pods_.size() > limits::kSourceObjects) pods_.clear();
}

}  // namespace telltale::collect
