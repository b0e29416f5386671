// A Range header, a line end, and the query of a request for a task's log: the answer is a part of
// the log and says truly which.
#include <algorithm>

#include "fold/run_view.h"
#include "fuzz/harness.h"
#include "runtime/sim_runtime.h"
#include "schema/event.pb.h"
#include "serve/log_answer.h"

namespace {

constexpr std::string_view kLog = "0123456789\nabcdefghij\n";

telltale::fold::RunView view_with_log() {
  telltale::fold::RunView view(telltale::make_run_key("fuzz", "", "", ""));
  telltale::schema::Event event;
  event.mutable_log_bytes()->set_path("task");
  event.mutable_log_bytes()->set_data(std::string(kLog));
  view.apply(telltale::LogOffset{0}, event);
  return view;
}

std::string body_of(const telltale::ports::HttpResponse& answer) {
  if (answer.stream == nullptr) return answer.body;
  telltale::runtime::SimRuntime loop(1);
  std::string bytes;
  while (bytes.size() < answer.length) {
    std::string piece;
    answer.stream->read(std::min<std::size_t>(4, answer.length - bytes.size()),
                        {loop, [&](telltale::Result<std::string> told) { piece = told.take(); }});
    loop.run_until_idle();
    CHECK(!piece.empty(), "{} of {} bytes came", bytes.size(), answer.length);
    bytes += piece;
  }
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto kView = std::make_shared<const telltale::fold::RunView>(view_with_log());
  std::string_view query = telltale::fuzz::text_of(data, size);
  telltale::ports::HttpRequest request;
  request.headers.emplace_back("range", std::string(telltale::fuzz::take_until(query, '\n')));
  const std::string path = "/api/v1/runs/" + kView->key().text() + "/tasks/" +
                           telltale::make_task_id("task").text() + "/log";
  const auto resource = telltale::serve::parse_resource(path, query);
  CHECK(resource.ok(), "a query made the path wrong");
  const telltale::ports::HttpResponse answer =
      telltale::serve::log_answer(resource.value(), kView, request);
  CHECK(
      answer.status == 200 || answer.status == 206 || answer.status == 400 || answer.status == 416,
      "status {}", answer.status);
  if (answer.status > 206) return 0;
  const auto told = std::find_if(answer.headers.begin(), answer.headers.end(),
                                 [](const auto& h) { return h.first == "x-log-offset"; });
  CHECK(told != answer.headers.end(), "the offset is not told");
  const std::size_t offset = std::stoull(told->second);
  const std::string body = body_of(answer);
  CHECK(body.empty() || kLog.substr(offset, body.size()) == body, "'{}' does not stand at {}", body,
        offset);
  return 0;
}
