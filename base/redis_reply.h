#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

struct redisReader;

// What a Redis server answers (RESP2, the Redis serialization protocol), as an owned value, and the reader that cuts a
// stream of bytes into such values.
namespace lp {

class RedisReply {
 public:
  enum class Kind { nil, integer, status, error, string, array };

  RedisReply() = default;  // nil
  [[nodiscard]] static RedisReply of_integer(std::int64_t value);
  [[nodiscard]] static RedisReply of_text(Kind kind, std::string text);  // status, error or string
  [[nodiscard]] static RedisReply of_array(std::vector<RedisReply> elements);

  // The accessors never fail: what a reply is not reads as nullopt, empty or nil, so that an answer of an unexpected
  // form is judged like one that is missing.
  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] bool is_nil() const { return kind_ == Kind::nil; }
  [[nodiscard]] bool is_error() const { return kind_ == Kind::error; }
  [[nodiscard]] bool is_status(std::string_view text) const { return kind_ == Kind::status && text_ == text; }
  [[nodiscard]] std::optional<std::int64_t> integer() const;
  [[nodiscard]] std::optional<std::string_view> string() const;  // a string only; valid while this lives
  [[nodiscard]] std::string_view text() const { return text_; }  // of a status, error or string
  [[nodiscard]] std::size_t size() const { return elements_.size(); }
  [[nodiscard]] const RedisReply& operator[](std::size_t index) const;  // nil beyond the end
  [[nodiscard]] const std::vector<RedisReply>& elements() const { return elements_; }

  bool operator==(const RedisReply&) const = default;

 private:
  friend class RedisReplyReader;
  Kind kind_ = Kind::nil;
  std::int64_t integer_ = 0;
  std::string text_;
  std::vector<RedisReply> elements_;
};

// The server is trusted with our data, not with our memory: a reply that takes more than this, as bytes received or as
// values built of them, or that nests deeper than 8 arrays, is an error.
inline constexpr std::size_t kMaxRedisReplyBytes = 32 << 20;

// One thread. After an error the stream can't be trusted any more: drop the reader.
class RedisReplyReader {
 public:
  explicit RedisReplyReader(std::size_t max_reply_bytes = kMaxRedisReplyBytes);
  ~RedisReplyReader();
  RedisReplyReader(const RedisReplyReader&) = delete;
  RedisReplyReader& operator=(const RedisReplyReader&) = delete;

  void feed(std::string_view bytes);
  // The next whole reply; nullopt: more bytes are needed. Call it until then after each feed().
  [[nodiscard]] Result<std::optional<RedisReply>> next();

 private:
  struct Builder;
  struct Free {
    void operator()(redisReader* reader) const;
  };
  [[nodiscard]] bool has_endless_line() const;

  const std::size_t max_reply_bytes_;
  std::size_t built_bytes_ = 0;  // of the reply under way
  bool too_large_ = false;
  bool failed_ = false;
  std::unique_ptr<redisReader, Free> reader_;
};

// A command as bytes for the wire. `argv` is not empty and may hold any bytes.
[[nodiscard]] std::string redis_command_bytes(const std::vector<std::string>& argv);

}  // namespace lp
