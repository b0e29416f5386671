// InflatedBody: the bytes of a body that came as gzip, a piece at a time and no more than so many.
// Belongs to who reads it, lives on his loop.
#pragma once

#include <memory>

#include "ports/alive.h"
#include "ports/http_handler.h"

namespace telltale::deliver {

class InflatedBody final : public ports::Body {
 public:
  // too_large past `most_bytes`; invalid_argument for what is no gzip, or ends too early.
  InflatedBody(ports::Runtime& loop, std::unique_ptr<ports::Body> packed, std::size_t most_bytes);
  ~InflatedBody() override;
  void read(std::size_t most, ports::Completion<Result<std::string>> done) override;

 private:
  struct Stream;
  Result<std::string> inflate(std::size_t most);
  void fetch(std::size_t most, ports::Completion<Result<std::string>> done);

  ports::Runtime& loop_;
  std::unique_ptr<ports::Body> packed_;
  std::unique_ptr<Stream> stream_;
  std::string input_;  // what the stream still reads from
  std::size_t left_;
  bool ended_ = false;
  ports::Alive alive_;
};

}  // namespace telltale::deliver
