#include "deliver/inflated_body.h"

#include <zlib.h>

#include <utility>

#include "deliver/git_limits.h"

namespace telltale::deliver {
namespace {

Error no_gzip() { return {ErrorCode::invalid_argument, "The body is not the gzip it says it is."}; }

}  // namespace

struct InflatedBody::Stream {
  Stream() {
    constexpr int kGzip = 15 + 16;
    ready = inflateInit2(&zlib, kGzip) == Z_OK;
  }
  ~Stream() {
    if (ready) inflateEnd(&zlib);
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  z_stream zlib{};
  bool ready = false;
};

InflatedBody::InflatedBody(ports::Runtime& loop, std::unique_ptr<ports::Body> packed,
                           std::size_t most_bytes)
    : loop_(loop),
      packed_(std::move(packed)),
      stream_(std::make_unique<Stream>()),
      left_(most_bytes) {}

InflatedBody::~InflatedBody() = default;

void InflatedBody::read(std::size_t most, ports::Completion<Result<std::string>> done) {
  if (!ended_ && stream_->zlib.avail_in == 0) {
    fetch(most, std::move(done));
    return;
  }
  Result<std::string> bytes = inflate(most);
  if (bytes.ok() && bytes->empty() && !ended_) {
    fetch(most, std::move(done));
  } else {
    done(std::move(bytes));
  }
}

void InflatedBody::fetch(std::size_t most, ports::Completion<Result<std::string>> done) {
  auto come = [this, most, done = std::move(done)](Result<std::string> piece) mutable {
    if (!piece.ok()) {
      done(piece.error());
    } else if (piece->empty()) {
      done(no_gzip());  // its end is told by the stream itself, and was not
    } else {
      input_ = piece.take();
      stream_->zlib.next_in = reinterpret_cast<Bytef*>(input_.data());
      stream_->zlib.avail_in = static_cast<uInt>(input_.size());
      read(most, std::move(done));
    }
  };
  packed_->read(limits::kPieceBytes, alive_.answer<Result<std::string>>(loop_, std::move(come)));
}

// "" where it needs more input, or at its end.
Result<std::string> InflatedBody::inflate(std::size_t most) {
  if (ended_) return std::string();
  if (!stream_->ready) return Error{ErrorCode::internal, "The body cannot be unpacked."};
  std::string out(most, '\0');
  stream_->zlib.next_out = reinterpret_cast<Bytef*>(out.data());
  stream_->zlib.avail_out = static_cast<uInt>(out.size());
  const int status = ::inflate(&stream_->zlib, Z_NO_FLUSH);
  if (status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR) return no_gzip();
  ended_ = status == Z_STREAM_END;
  out.resize(out.size() - stream_->zlib.avail_out);
  if (out.size() > left_)
    return Error{ErrorCode::too_large, "The body is larger than this path takes, once unpacked."};
  left_ -= out.size();
  return out;
}

}  // namespace telltale::deliver
