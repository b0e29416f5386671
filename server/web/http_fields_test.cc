#include "web/http_fields.h"

#include <gtest/gtest.h>

namespace telltale::web {
namespace {

TEST(HttpFields, ATagIsFoundInAListWeakOrStrong) {
  for (const char* field :
       {"\"a\"", "W/\"a\"", "*", "\"b\", \"a\"", "\"b\" ,W/\"a\" , \"c\"", " * ", "\"x,y\", \"a\""})
    EXPECT_TRUE(names_tag(field, "\"a\"")) << field;
  for (const char* field : {"", "a", "\"b\"", "\"a", "\"ab\"", "W/\"b\", \"c\"", "\"x,\"a\"\""})
    EXPECT_FALSE(names_tag(field, "\"a\"")) << field;
}

TEST(HttpFields, GzipIsForWhoWouldHaveIt) {
  for (const char* field : {"gzip", "GZIP", "deflate, gzip;q=1.0", "*", "gzip;q=0.001",
                            "br, *;q=0.1", "identity;q=0.5, gzip;q=0.5", "x-gzip", "gzip ; q=0.5"})
    EXPECT_TRUE(prefers_gzip(field)) << field;
  for (const char* field :
       {"", "identity", "gzip;q=0", "gzip;q=0.000", "notgzip", "gzipped", "*;q=0", "gzip;q=0, *",
        "deflate", "gzip;q=0.1, identity", "gzip;q=rubbish", "gzip;Q=0"})
    EXPECT_FALSE(prefers_gzip(field)) << field;
}

TEST(HttpFields, AStreamIsForWhoNamesIt) {
  for (const char* field : {"text/event-stream", "text/html, Text/Event-Stream;q=0.5"})
    EXPECT_TRUE(accepts(field, "text/event-stream")) << field;
  for (const char* field : {"", "*/*", "text/*", "text/event-stream;q=0", "text/event-streams"})
    EXPECT_FALSE(accepts(field, "text/event-stream")) << field;
}

}  // namespace
}  // namespace telltale::web
