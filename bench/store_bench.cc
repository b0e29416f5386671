// What a store costs through its port: small objects one at a time and side by side, and gigabytes
// in pieces; a folder, and with TELLTALE_BENCH_STORE=s3://… (and credentials as S3 clients read
// them) that bucket, side by side. TELLTALE_BENCH_GIB=5 uploads an object of so many GiB and reads
// it back by ranges, and says what memory the process had at most.
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <cstdlib>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "net/curl_fetch.h"
#include "runtime/asio_runtime.h"
#include "store/directory_store.h"
#include "store/s3_store.h"

namespace telltale {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kPiece = 1U << 20;

struct OpenStore {
  net::CurlFetch fetch;
  explicit OpenStore(bool s3) {
    if (s3) {
      auto opened = store::open_s3_store(std::getenv("TELLTALE_BENCH_STORE"),
                                         store::process_environment(), fetch);
      CHECK(opened.ok(), "{}", opened.error().message);
      store = opened.take();
    } else {
      const char* chosen = std::getenv("TELLTALE_BENCH_DIR");
      const fs::path parent = chosen != nullptr ? fs::path(chosen) : fs::temp_directory_path();
      folder = parent / "telltale-store-bench-XXXXXX";
      CHECK(::mkdtemp(folder.data()) != nullptr, "no folder {}", folder);
      store = store::DirectoryStore::open(folder).take();
    }
  }
  ~OpenStore() {
    store->close();
    loop.join();
    if (!folder.empty()) fs::remove_all(folder);
  }

  // Asks, and waits for the answer.
  template <typename T>
  T answer_of(const std::function<void(ports::Completion<Result<T>>)>& ask) {
    std::promise<Result<T>> promise;
    ask({loop, [&](Result<T> answer) { promise.set_value(std::move(answer)); }});
    Result<T> answer = promise.get_future().get();
    CHECK(answer.ok(), "{}", answer.error().message);
    return answer.take();
  }

  std::string folder;
  runtime::AsioRuntime loop{"bench"};
  std::unique_ptr<ports::Store> store;
};

void put_one_at_a_time(benchmark::State& state, bool s3) {
  OpenStore open(s3);
  const std::string bytes(static_cast<std::size_t>(state.range(0)), 'x');
  int number = 0;
  for (auto _ : state) {
    const std::string key = "bench/" + std::to_string(number++ % 100);
    open.answer_of<std::string>(
        [&](auto done) { open.store->put(key, bytes, {}, std::move(done)); });
  }
  state.SetItemsProcessed(state.iterations());
}

void put_sixteen_at_once(benchmark::State& state, bool s3) {
  OpenStore open(s3);
  const std::string bytes(static_cast<std::size_t>(state.range(0)), 'x');
  for (auto _ : state) {
    std::vector<std::promise<bool>> answers(16);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      open.store->put("bench/" + std::to_string(i), bytes, {},
                      {open.loop, [&answers, i](auto etag) { answers[i].set_value(etag.ok()); }});
    }
    for (auto& answer : answers) CHECK(answer.get_future().get(), "a put failed");
  }
  state.SetItemsProcessed(state.iterations() * 16);
}

void get_one_at_a_time(benchmark::State& state, bool s3) {
  OpenStore open(s3);
  const std::string bytes(static_cast<std::size_t>(state.range(0)), 'x');
  open.answer_of<std::string>(
      [&](auto done) { open.store->put("bench/0", bytes, {}, std::move(done)); });
  for (auto _ : state) {
    open.answer_of<ports::Object>(
        [&](auto done) { open.store->get("bench/0", {}, std::move(done)); });
  }
  state.SetItemsProcessed(state.iterations());
}

void upload(OpenStore& open, const std::string& key, std::size_t pieces) {
  const std::string bytes(kPiece, 'x');
  const auto upload = open.store->start_upload(key);
  for (std::size_t i = 0; i < pieces; ++i)
    open.answer_of<Done>([&](auto done) { upload->write(bytes, std::move(done)); });
  open.answer_of<std::string>([&](auto done) { upload->commit({}, std::move(done)); });
}

void upload_of_64_mib(benchmark::State& state, bool s3) {
  OpenStore open(s3);
  for (auto _ : state) upload(open, "bench/large", 64);
  state.SetBytesProcessed(state.iterations() * 64 * static_cast<std::int64_t>(kPiece));
}

void gigabytes(benchmark::State& state, bool s3) {
  OpenStore open(s3);
  const std::size_t pieces = std::strtoull(std::getenv("TELLTALE_BENCH_GIB"), nullptr, 10) << 10;
  for (auto _ : state) {
    upload(open, "bench/gigabytes", pieces);
    for (std::size_t i = 0; i < pieces; i += 8) {
      const auto got = open.answer_of<ports::Object>([&](auto done) {
        open.store->get("bench/gigabytes", {i * kPiece, 8 * kPiece}, std::move(done));
      });
      CHECK(got.size == pieces * kPiece && got.bytes.size() == 8 * kPiece, "not what was written");
    }
    open.answer_of<Done>(
        [&](auto done) { open.store->remove("bench/gigabytes", std::move(done)); });
  }
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  state.counters["rss_mib_max"] = static_cast<double>(used.ru_maxrss) / 1024;
  state.SetBytesProcessed(2 * static_cast<std::int64_t>(pieces * kPiece));
}

void add(const std::string& name, void (*function)(benchmark::State&, bool), bool s3,
         const std::vector<std::int64_t>& sizes) {
  auto* added = benchmark::RegisterBenchmark(
      (name + (s3 ? "/s3" : "/folder")).c_str(),
      [function, s3](benchmark::State& state) { function(state, s3); });
  added->UseRealTime()->Unit(benchmark::kMillisecond);
  for (const std::int64_t size : sizes) added->Arg(size);
}

void register_all() {
  for (const bool s3 : {false, true}) {
    if (s3 && std::getenv("TELLTALE_BENCH_STORE") == nullptr) continue;
    add("put_one_at_a_time", put_one_at_a_time, s3, {1 << 10, 256 << 10});
    add("put_sixteen_at_once", put_sixteen_at_once, s3, {1 << 10, 256 << 10});
    add("get_one_at_a_time", get_one_at_a_time, s3, {1 << 10, 256 << 10});
    add("upload_of_64_mib", upload_of_64_mib, s3, {});
    if (std::getenv("TELLTALE_BENCH_GIB") == nullptr) continue;
    benchmark::RegisterBenchmark(s3 ? "gigabytes/s3" : "gigabytes/folder",
                                 [s3](benchmark::State& state) { gigabytes(state, s3); })
        ->UseRealTime()
        ->Unit(benchmark::kSecond)
        ->Iterations(1);
  }
}

}  // namespace
}  // namespace telltale

int main(int argc, char** argv) {
  telltale::register_all();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
