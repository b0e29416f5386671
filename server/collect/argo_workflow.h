// An Argo Workflow and its pods as the Kubernetes API server sends them, read into the facts that
// the log keeps (schema/event.proto). Inputs and outputs, three quarters of a node, are dropped but
// for what KFP's drivers say of a task. Pure and total: any JSON gives facts, if only empty ones;
// texts and lists are cut to what an event may hold.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "collect/kubernetes_json.h"

namespace telltale::schema {
class SourceNode;
class SourcePod;
class Workflow;
class WorkflowTemplates;
}  // namespace telltale::schema

namespace telltale::collect {

// What of a Workflow follows from its spec, as which pipeline it is: large, and almost never
// changed.
void read_spec(Json metadata, Json spec, schema::Workflow& out);
// The rest, but for nodes, templates and versions.
void read_status(Json metadata, Json status, schema::Workflow& out);
// Templates of its own, and those that were stored with it when it referred to others.
void read_templates(Json spec, Json status, schema::WorkflowTemplates& out);
// One value of status.nodes.
void read_node(Json node, schema::SourceNode& out);
void read_pod(Json pod, schema::SourcePod& out);

// The uid of the Workflow that owns a pod; empty for another's.
std::string_view workflow_uid_of_pod(Json metadata);

// JSON of the node map in status.compressedNodes: base64 of gzip or zstd. invalid_argument with a
// sentence for a person where it is neither (Argo 4.1 may write brotli), or larger than
// limits::kNodesBytes.
Result<std::string> inflate_nodes(std::string_view base64);

}  // namespace telltale::collect
