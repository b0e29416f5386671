#include "jobs/job_outputs.h"

#include <algorithm>
#include <utility>

#include "ports/alive.h"

namespace telltale::jobs {
namespace {

// One body being taken; alive as long as a call of its is.
class Taking : public std::enable_shared_from_this<Taking> {
 public:
  Taking(ports::Runtime& loop, std::unique_ptr<ports::Body> body,
         std::unique_ptr<ports::Upload> upload, std::uint64_t most,
         UniqueFunction<void(Result<std::uint64_t>)> done)
      : loop_(loop),
        body_(std::move(body)),
        upload_(std::move(upload)),
        most_(most),
        done_(std::move(done)) {}

  void read_on() {
    if (body_ == nullptr) return commit();
    body_->read(kPieceBytes, {loop_, [self = shared_from_this()](Result<std::string> piece) {
                                self->came(std::move(piece));
                              }});
  }

 private:
  void came(Result<std::string> piece) {
    if (!piece.ok()) return fail(piece.error());
    if (piece->empty()) return commit();
    bytes_ += piece->size();
    if (bytes_ > most_)
      return fail({ErrorCode::too_large, "The job has shown as many bytes as it may."});
    upload_->write(piece.take(), {loop_, [self = shared_from_this()](Status status) {
                                    if (!status.ok()) return self->fail(status.error());
                                    self->read_on();
                                  }});
  }

  void commit() {
    upload_->commit({}, {loop_, [self = shared_from_this()](Result<std::string> etag) {
                           if (!etag.ok()) return self->done_(etag.error());
                           self->done_(self->bytes_);
                         }});
  }

  void fail(Error error) {
    upload_->abort({loop_, [self = shared_from_this(), error = std::move(error)](Status) {
                      self->done_(error);
                    }});
  }

  ports::Runtime& loop_;
  std::unique_ptr<ports::Body> body_;
  std::unique_ptr<ports::Upload> upload_;
  const std::uint64_t most_;
  std::uint64_t bytes_ = 0;
  UniqueFunction<void(Result<std::uint64_t>)> done_;
};

class Pieces final : public ports::Body {
 public:
  Pieces(ports::Runtime& loop, ports::Store& store, std::vector<Part::Piece> pieces,
         std::uint64_t offset, std::uint64_t length)
      : loop_(loop), store_(store), pieces_(std::move(pieces)), offset_(offset), left_(length) {}

  void read(std::size_t most, ports::Completion<Result<std::string>> done) override {
    while (at_ < pieces_.size() && offset_ >= pieces_[at_].bytes) offset_ -= pieces_[at_++].bytes;
    if (left_ == 0 || at_ == pieces_.size()) {
      done(std::string());
      return;
    }
    const std::uint64_t here = pieces_[at_].bytes - offset_;
    const ports::ByteRange range{offset_, std::min<std::uint64_t>({most, left_, here})};
    offset_ += *range.length;
    left_ -= *range.length;
    auto got = [done = std::move(done),
                wanted = *range.length](Result<ports::Object> object) mutable {
      if (!object.ok()) return done(object.error());
      if (object->bytes.size() != wanted)
        return done(Error{ErrorCode::corrupt, "A part in the store has other bytes than it had."});
      done(std::move(object->bytes));
    };
    store_.get(pieces_[at_].object, range,
               alive_.answer<Result<ports::Object>>(loop_, std::move(got)));
  }

 private:
  ports::Runtime& loop_;
  ports::Store& store_;
  const std::vector<Part::Piece> pieces_;
  std::size_t at_ = 0;
  std::uint64_t offset_;  // in that piece
  std::uint64_t left_;
  ports::Alive alive_;
};

}  // namespace

void take_body(ports::Runtime& loop, ports::Store& store, std::unique_ptr<ports::Body> body,
               std::string key, std::uint64_t most,
               UniqueFunction<void(Result<std::uint64_t>)> done) {
  std::make_shared<Taking>(loop, std::move(body), store.start_upload(std::move(key)), most,
                           std::move(done))
      ->read_on();
}

std::unique_ptr<ports::Body> read_pieces(ports::Runtime& loop, ports::Store& store,
                                         std::vector<Part::Piece> pieces, std::uint64_t offset,
                                         std::uint64_t length) {
  return std::make_unique<Pieces>(loop, store, std::move(pieces), offset, length);
}

}  // namespace telltale::jobs
