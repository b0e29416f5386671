#include "serve/json_answer.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/json_util.h>

#include <string>
#include <utility>
#include <vector>

namespace telltale::serve {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Of protobuf's encoding: some milliseconds of writing.
constexpr std::size_t kPieceBytes = 64U << 10;

bool to_json(const Message& message, std::string* out) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  return google::protobuf::util::MessageToJsonString(message, out, options).ok();
}

ports::HttpResponse answer(std::string body) {
  ports::HttpResponse response;
  response.body = std::move(body) + '\n';
  response.headers.emplace_back("cache-control", "no-store");
  return response;
}

ports::HttpResponse unwritable() {
  return ports::problem({ErrorCode::internal, "This resource cannot be written as JSON."});
}

// One answer being written.
class Pieces : public std::enable_shared_from_this<Pieces> {
 public:
  Pieces(ports::Runtime& loop, std::unique_ptr<Message> message, ports::Respond respond)
      : loop_(loop), message_(std::move(message)), respond_(std::move(respond)) {
    std::vector<const FieldDescriptor*> fields;
    message_->GetReflection()->ListFields(*message_, &fields);
    for (const FieldDescriptor* field : fields) {
      if (field->is_repeated() && !field->is_map() && field->message_type() != nullptr)
        lists_.push_back(field);
    }
  }

  void next() {
    if (list_ < lists_.size()) {
      if (!write_piece()) return respond_(unwritable());
      loop_.post([self = shared_from_this()] { self->next(); });
      return;
    }
    std::string rest;
    if (!to_json(*message_, &rest)) return respond_(unwritable());
    if (!written_.empty()) {
      rest.pop_back();
      rest += (rest.size() > 1 ? "," : "") + written_ + "}";
    }
    respond_(answer(std::move(rest)));
  }

 private:
  // The next items of the list it is at, cut out of a message that holds nothing else.
  bool write_piece() {
    const FieldDescriptor* field = lists_[list_];
    const auto* reflection = message_->GetReflection();
    const std::unique_ptr<Message> part(message_->New());
    const int count = reflection->FieldSize(*message_, field);
    const bool begins = item_ == 0;
    for (std::size_t bytes = 0; item_ < count && bytes < kPieceBytes; ++item_) {
      const Message& item = reflection->GetRepeatedMessage(*message_, field, item_);
      bytes += item.ByteSizeLong();
      reflection->AddMessage(part.get(), field)->CopyFrom(item);
    }
    std::string text;
    if (!to_json(*part, &text)) return false;
    const std::string head = "\"" + field->name() + "\":[";
    if (begins) written_ += (written_.empty() ? "" : ",") + head;
    // Without the braces and brackets around it.
    written_.append(begins ? "" : ",").append(text, head.size() + 1, text.size() - head.size() - 3);
    if (item_ < count) return true;
    written_ += ']';
    reflection->ClearField(message_.get(), field);
    item_ = 0;
    ++list_;
    return true;
  }

  ports::Runtime& loop_;
  std::unique_ptr<Message> message_;
  ports::Respond respond_;
  std::vector<const FieldDescriptor*> lists_;
  std::size_t list_ = 0;
  int item_ = 0;
  std::string written_;
};

}  // namespace

ports::HttpResponse json_answer(const Message& message) {
  std::string body;
  return to_json(message, &body) ? answer(std::move(body)) : unwritable();
}

void answer_in_pieces(ports::Runtime& loop, std::unique_ptr<Message> message,
                      ports::Respond respond) {
  if (message->ByteSizeLong() <= kPieceBytes) return respond(json_answer(*message));
  std::make_shared<Pieces>(loop, std::move(message), std::move(respond))->next();
}

}  // namespace telltale::serve
