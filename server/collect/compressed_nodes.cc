// What Argo puts in place of the node map once a workflow grows past a megabyte.
#include <zlib.h>
#include <zstd.h>

#include <array>
#include <memory>
#include <optional>

#include "base/base64.h"
#include "base/limits.h"
#include "collect/argo_workflow.h"

namespace telltale::collect {
namespace {

Error unreadable(std::string message) { return {ErrorCode::invalid_argument, std::move(message)}; }

Error too_large() {
  return unreadable("Its nodes are more than Telltale unpacks of one workflow.");
}

Result<std::string> gunzip(std::string& packed) {
  z_stream stream{};
  constexpr int kGzip = 15 + 16;
  if (inflateInit2(&stream, kGzip) != Z_OK) return unreadable("Its nodes cannot be unpacked.");
  const std::unique_ptr<z_stream, int (*)(z_streamp)> end(&stream, inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string out;
  std::array<char, 64U << 10> piece;
  int status = Z_OK;
  while (status == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    status = inflate(&stream, Z_NO_FLUSH);
    out.append(piece.data(), piece.size() - stream.avail_out);
    if (out.size() > limits::kNodesBytes) return too_large();
  }
  if (status != Z_STREAM_END) return unreadable("Its nodes are packed with gzip, and damaged.");
  return out;
}

Result<std::string> unpack_zstd(const std::string& packed) {
  const std::unique_ptr<ZSTD_DStream, std::size_t (*)(ZSTD_DStream*)> stream(ZSTD_createDStream(),
                                                                             ZSTD_freeDStream);
  std::string out;
  std::array<char, 64U << 10> piece;
  ZSTD_inBuffer in{packed.data(), packed.size(), 0};
  std::size_t left = 1;
  while (left != 0) {
    ZSTD_outBuffer unpacked{piece.data(), piece.size(), 0};
    const std::size_t before = in.pos;
    left = ZSTD_decompressStream(stream.get(), &unpacked, &in);
    const bool stuck = in.pos == before && unpacked.pos == 0;
    if (ZSTD_isError(left) != 0 || (left != 0 && stuck))
      return unreadable("Its nodes are packed with zstd, and damaged.");
    out.append(piece.data(), unpacked.pos);
    if (out.size() > limits::kNodesBytes) return too_large();
  }
  return out;
}

}  // namespace

Result<std::string> inflate_nodes(std::string_view base64) {
  std::optional<std::string> decoded = decode_base64(base64);
  if (!decoded) return unreadable("Its nodes are packed, and not as base64.");
  std::string& packed = *decoded;
  if (packed.substr(0, 2) == "\x1f\x8b") return gunzip(packed);
  if (packed.substr(0, 4) == "\x28\xb5\x2f\xfd") return unpack_zstd(packed);
  return unreadable(
      "Its nodes are packed in a way that Telltale cannot read, probably brotli. Set "
      "WORKFLOW_COMPRESSION_ALGORITHM of the workflow controller to gzip or zstd.");
}

}  // namespace telltale::collect
