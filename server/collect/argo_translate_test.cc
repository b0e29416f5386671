#include "collect/argo_translate.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <vector>

#include "collect/argo_workflow.h"

namespace telltale::collect {
namespace {

std::string node(const std::string& id, const std::string& phase, const std::string& more = "") {
  return fmt::format(
      R"("{0}":{{"id":"{0}","name":"wf.{0}","type":"Pod","phase":"{1}","boundaryID":"wf",)"
      R"("inputs":{{"parameters":[{{"name":"long","value":"{2}"}}]}}}})",
      id, phase, more);
}

constexpr std::string_view kWorkflow = R"json(
  {"type":"TYPE","object":{"kind":"Workflow",
   "metadata":{"uid":"u1","name":"wf","namespace":"team","resourceVersion":"VERSION"},
   "spec":{"entrypoint":"main","templates":[{"name":"main","dag":{"tasks":[
    {"name":"a","template":"t"},
    {"name":"b","template":"t","depends":"a.Succeeded && (c || d-e.Failed)"}]}}]},
   "status":STATUS}})json";

std::string workflow(int version, const std::string& status, const char* type = "MODIFIED") {
  std::string line(kWorkflow);
  std::erase(line, '\n');
  const auto put = [&](std::string_view place, const std::string& text) {
    line.replace(line.find(place), place.size(), text);
  };
  put("TYPE", type);
  put("VERSION", std::to_string(version));
  put("STATUS", status);
  return line;
}

std::string with_nodes(const std::string& nodes) {
  return fmt::format(R"({{"phase":"Running","nodes":{{{}}}}})", nodes);
}

std::vector<std::string> told(const Translated& translated) {
  std::vector<std::string> out;
  for (const schema::Event& event : translated.events) {
    if (event.has_workflow()) {
      out.push_back(event.workflow().has_templates() ? "head and templates" : "head");
      if (event.workflow().deleted()) out.back() += " deleted";
    } else if (event.has_source_node()) {
      const schema::SourceNode& node = event.source_node();
      out.push_back(node.source_id() + " " + (node.removed() ? "gone" : node.source_phase()));
    } else {
      out.push_back("pod " + event.source_pod().uid());
    }
  }
  return out;
}

using Lines = std::vector<std::string>;

TEST(ArgoTranslateTest, TellsOnlyWhatChanged) {
  ArgoTranslate translate("c");
  const std::string a = node("a", "Running");
  EXPECT_EQ(told(translate.translate(workflow(1, with_nodes(a)))),
            (Lines{"head and templates", "a Running"}));
  EXPECT_EQ(told(translate.translate(workflow(2, with_nodes(a)))), Lines{});
  // What is dropped of a node is no news.
  EXPECT_EQ(told(translate.translate(workflow(3, with_nodes(node("a", "Running", "x"))))), Lines{});
  const Translated next = translate.translate(
      workflow(4, with_nodes(node("a", "Succeeded") + "," + node("b", "Pending"))));
  EXPECT_EQ(told(next), (Lines{"a Succeeded", "b Pending"}));
  EXPECT_EQ(next.events[0].source_node().version(), 4);
  EXPECT_EQ(told(translate.translate(workflow(5, with_nodes(node("b", "Pending"))))),
            Lines{"a gone"});
  EXPECT_EQ(told(translate.translate(workflow(6, with_nodes(a + "," + node("b", "Pending"))))),
            Lines{"a Running"});
}

TEST(ArgoTranslateTest, WithoutItsStateItTellsAllAgain) {
  const std::string line = workflow(1, with_nodes(node("a", "Running")));
  ArgoTranslate first("c");
  ArgoTranslate second("c");
  const Translated once = first.translate(line);
  const Translated again = second.translate(line);
  ASSERT_EQ(once.events.size(), again.events.size());
  for (std::size_t i = 0; i < once.events.size(); ++i)
    EXPECT_EQ(once.events[i].SerializeAsString(), again.events[i].SerializeAsString());
}

TEST(ArgoTranslateTest, AListSaysWhatIsGone) {
  ArgoTranslate translate("c");
  const std::string line = workflow(1, with_nodes(node("a", "Running")));
  translate.translate(line);
  translate.begin_list("workflows");
  translate.translate(line);
  EXPECT_TRUE(translate.end_list("workflows", 5).empty());
  // A list of other things, or of another namespace, says nothing of it.
  for (const char* stream : {"pods", "workflows/other"}) {
    translate.begin_list(stream);
    EXPECT_TRUE(translate.end_list(stream, 6).empty()) << stream;
  }
  translate.translate(R"({"type":"LISTING","stream":"workflows/team"})");
  translate.translate(R"({"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}})");
  const Translated gone = translate.translate(R"({"type":"LISTED","stream":"workflows/team"})");
  ASSERT_EQ(told(gone), Lines{"head deleted"});
  EXPECT_EQ(gone.events[0].workflow().version(), 9);
  EXPECT_EQ(told(translate.translate(line)), (Lines{"head and templates", "a Running"}));
}

TEST(ArgoTranslateTest, DeletedCarriesTheLastState) {
  ArgoTranslate translate("c");
  translate.translate(workflow(1, with_nodes(node("a", "Running"))));
  EXPECT_EQ(told(translate.translate(workflow(2, with_nodes(node("a", "Failed")), "DELETED"))),
            (Lines{"head deleted", "a Failed"}));
}

TEST(ArgoTranslateTest, ATornLineIsNoEvent) {
  ArgoTranslate translate("c");
  const std::string line = workflow(1, with_nodes(node("a", "Running")));
  for (std::size_t length = 0; length < line.size(); ++length) {
    const Translated cut = translate.translate(line.substr(0, length));
    ASSERT_EQ(cut.line, Translated::Line::unreadable) << line.substr(0, length);
    ASSERT_TRUE(cut.events.empty());
  }
  EXPECT_EQ(translate.translate(line + "}").line, Translated::Line::unreadable);
  EXPECT_EQ(translate.translate(line).events.size(), 2U);
}

TEST(ArgoTranslateTest, BookmarksAndErrorsAreNoObjects) {
  ArgoTranslate translate("c");
  const Translated mark = translate.translate(
      R"({"type":"BOOKMARK","object":{"kind":"Workflow","metadata":{"resourceVersion":"77"}}})");
  EXPECT_EQ(mark.line, Translated::Line::bookmark);
  EXPECT_EQ(mark.version, 77U);
  EXPECT_TRUE(mark.events.empty());
  const Translated error = translate.translate(
      R"({"type":"ERROR","object":{"kind":"Status","code":410,"message":"too old"}})");
  EXPECT_EQ(error.line, Translated::Line::error);
  EXPECT_EQ(error.code, 410);
  EXPECT_EQ(error.trouble, "too old");
}

std::string base64(const std::string& bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t j = 0; j < 3; ++j)
      bits = bits << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    for (std::size_t j = 0; j < 4; ++j)
      out += i + j <= bytes.size() ? kDigits[bits >> (18 - 6 * j) & 63] : '=';
  }
  return out;
}

std::string gzip(const std::string& text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, text.size()) + 32, '\0');
  std::string in = text;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

TEST(ArgoTranslateTest, UnpacksNodesOfGzipAndZstd) {
  const std::string nodes = "{" + node("a", "Running") + "}";
  for (const std::string& packed : {gzip(nodes), zstd(nodes)}) {
    ArgoTranslate translate("c");
    const std::string line =
        workflow(1, fmt::format(R"({{"phase":"Running","compressedNodes":"{}"}})", base64(packed)));
    EXPECT_EQ(told(translate.translate(line)), (Lines{"head and templates", "a Running"}));
    EXPECT_EQ(told(translate.translate(line)), Lines{});
  }
}

TEST(ArgoTranslateTest, WhatCannotBeUnpackedIsSaid) {
  for (const std::string& packed : {std::string("\x0b\x02\x80nodes"), gzip("{}").substr(0, 12),
                                    gzip("no json"), zstd("{\"a\":").substr(0, 9)}) {
    ArgoTranslate translate("c");
    const Translated out = translate.translate(workflow(
        1, fmt::format(R"({{"phase":"Running","compressedNodes":"{}"}})", base64(packed))));
    ASSERT_EQ(told(out), Lines{"head and templates"});
    EXPECT_FALSE(out.events[0].workflow().nodes_unreadable().empty());
  }
  ArgoTranslate translate("c");
  const Translated offloaded =
      translate.translate(workflow(1, R"({"phase":"Running","offloadNodeStatusVersion":"fnv:1"})"));
  EXPECT_NE(offloaded.events[0].workflow().nodes_unreadable().find("database"), std::string::npos);
}

TEST(ArgoTranslateTest, NodesThatCannotBeReadAreNotTakenForGone) {
  ArgoTranslate translate("c");
  translate.translate(workflow(1, with_nodes(node("a", "Running"))));
  EXPECT_EQ(told(translate.translate(
                workflow(2, R"({"phase":"Running","offloadNodeStatusVersion":"fnv:1"})"))),
            Lines{"head"});
  EXPECT_EQ(told(translate.translate(workflow(3, with_nodes(node("a", "Running"))))),
            Lines{"head"});
}

TEST(ArgoTranslateTest, ReadsDependenciesOfBothForms) {
  ArgoTranslate translate("c");
  const Translated out = translate.translate(workflow(1, "{}"));
  const schema::WorkflowTemplate& main = out.events[0].workflow().templates().templates(0);
  EXPECT_EQ(main.kind(), schema::WorkflowTemplate::DAG);
  ASSERT_EQ(main.tasks_size(), 2);
  EXPECT_EQ((Lines{main.tasks(1).depends_on().begin(), main.tasks(1).depends_on().end()}),
            (Lines{"a", "c", "d-e"}));
}

TEST(ArgoTranslateTest, TheRunOfAPodIsItsWorkflows) {
  ArgoTranslate translate("c");
  const Translated run = translate.translate(workflow(1, with_nodes(node("a", "Running"))));
  const Translated pod = translate.translate(
      R"({"type":"ADDED","object":{"metadata":{"uid":"p1","namespace":"team",)"
      R"("resourceVersion":"2","annotations":{"workflows.argoproj.io/node-id":"a"},)"
      R"("ownerReferences":[{"apiVersion":"argoproj.io/v1alpha1","kind":"Workflow","uid":"u1"}]},)"
      R"("status":{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False",)"
      R"("reason":"Unschedulable","message":"0/3 nodes"}]}}})");
  ASSERT_EQ(told(pod), Lines{"pod p1"});
  EXPECT_EQ(pod.events[0].run_key(), run.events[0].run_key());
  EXPECT_EQ(pod.events[0].source_pod().unscheduled_reason(), "Unschedulable");
  // Pods that no workflow owns are none of ours.
  EXPECT_EQ(told(translate.translate(
                R"({"type":"ADDED","object":{"kind":"Pod","metadata":{"uid":"p2"}}})")),
            Lines{});
}

TEST(KubernetesJsonTest, ReadsTimes) {
  EXPECT_EQ(parse_time_us("1970-01-02T00:00:01Z"), 86'401'000'000);
  EXPECT_EQ(parse_time_us("2026-11-24T02:12:50.5+01:00"),
            parse_time_us("2026-11-24T01:12:50.500Z"));
  for (const char* none : {"", "0001-01-01T00:00:00Z", "2026-13-01T00:00:00Z", "2026-11-24",
                           "2026-11-24T02:12:50", "2026-11-24T02:12:50Zx"})
    EXPECT_EQ(parse_time_us(none), 0) << none;
}

}  // namespace
}  // namespace telltale::collect
