// MinioServer: a real MinIO for a test: on loopback, on a port and with a folder of its own, ended
// by its pid. Owned by the test that starts it; its data goes with it.
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <optional>
#include <string>

#include "ports/await_test.h"
#include "ports/http_fetch.h"
#include "store/s3_options.h"

namespace telltale::component {

class MinioServer {
 public:
  struct Settings {
    std::string domain = {};        // of buckets in hosts' names
    std::string certificates = {};  // a folder with public.crt and private.key; empty: plain HTTP
  };

  // Whether MinIO is here: TELLTALE_MINIO, or on PATH.
  static bool can_be_had();
  // COMPONENTS=all: CI alone does not wait for it to be built.
  static bool must_be_had();
  // One for all tests that leave it as it was.
  static MinioServer& shared();

  // Starts it, waits until it is ready and makes the bucket "telltale".
  explicit MinioServer(Settings settings);
  MinioServer() : MinioServer(Settings()) {}
  ~MinioServer();
  MinioServer(const MinioServer&) = delete;
  MinioServer& operator=(const MinioServer&) = delete;

  // With the data it had.
  void start();
  void kill();    // at once, as by a fault
  void freeze();  // it listens and does not answer
  void thaw();

  int port() const { return port_; }
  std::string endpoint() const;
  // Of the bucket, with settings such as "&retry=1" and a prefix; `through`: another endpoint.
  std::string url(const std::string& settings = "", const std::string& prefix = "",
                  const std::string& through = "") const;
  // One for all of them.
  static ports::HttpFetch& fetch();
  // The variables of its administrator.
  store::Environment credentials() const;

 private:
  void wait_until_ready() const;
  void make_bucket() const;

  const Settings settings_;
  ports::TemporaryFolder folder_;
  int port_;
  pid_t pid_ = 0;
};

}  // namespace telltale::component

// In a test: skips it where there is no MinIO, or fails it where all components are asked for.
#define NEEDS_MINIO()                                                                    \
  do {                                                                                   \
    if (::telltale::component::MinioServer::can_be_had()) break;                         \
    const char* why =                                                                    \
        "MinIO is not here: tests/component/minio.py fetch builds it (about 4 minutes)"; \
    if (::telltale::component::MinioServer::must_be_had()) FAIL() << why;                \
    GTEST_SKIP() << why;                                                                 \
  } while (false)
