#include "log/record_codec.h"

#include <zlib.h>

#include <cstring>

namespace telltale::log {
namespace {

template <typename T>
void put(std::string& out, T value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}

template <typename T>
bool take(std::string_view& in, T& value) {
  if (in.size() < sizeof(T)) return false;
  std::memcpy(&value, in.data(), sizeof(T));
  in.remove_prefix(sizeof(T));
  return true;
}

std::uint32_t checksum(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

bool take_record(std::string_view& in, ports::Record& record) {
  std::uint32_t key_size = 0;
  std::uint32_t value_size = 0;
  if (!take(in, record.timestamp_us) || !take(in, key_size) || !take(in, value_size)) return false;
  if (in.size() < std::uint64_t{key_size} + value_size) return false;
  record.key.assign(in.substr(0, key_size));
  record.value.assign(in.substr(key_size, value_size));
  in.remove_prefix(std::size_t{key_size} + value_size);
  return true;
}

}  // namespace

std::string encode_records(const std::vector<const ports::Record*>& records) {
  std::size_t size = 8;
  for (const ports::Record* record : records)
    size += 16 + record->key.size() + record->value.size();
  std::string out;
  out.reserve(size);
  put(out, static_cast<std::uint32_t>(records.size()));
  for (const ports::Record* record : records) {
    put(out, record->timestamp_us);
    put(out, static_cast<std::uint32_t>(record->key.size()));
    put(out, static_cast<std::uint32_t>(record->value.size()));
    out += record->key;
    out += record->value;
  }
  put(out, checksum(out));
  return out;
}

Result<std::vector<ports::Record>> decode_records(std::string_view blob) {
  const Error corrupt{ErrorCode::corrupt, "A block of the log is damaged: its checksum is wrong."};
  if (blob.size() < 8) return corrupt;
  std::string_view tail = blob.substr(blob.size() - 4);
  std::uint32_t expected = 0;
  take(tail, expected);
  std::string_view in = blob.substr(0, blob.size() - 4);
  if (checksum(in) != expected) return corrupt;
  std::uint32_t count = 0;
  take(in, count);
  std::vector<ports::Record> records;
  for (std::uint32_t i = 0; i < count; ++i) {
    ports::Record record;
    if (!take_record(in, record)) return corrupt;
    records.push_back(std::move(record));
  }
  if (!in.empty()) return corrupt;
  return records;
}

}  // namespace telltale::log
