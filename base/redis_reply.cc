#include "base/redis_reply.h"

#include <hiredis/hiredis.h>
#include <openssl/crypto.h>

#include "base/check.h"

namespace lp {
namespace {

// Status and error lines are one sentence of the server; longer ones are no reply.
constexpr std::size_t kMaxLineBytes = 64 << 10;

RedisReply::Kind kind_of(int hiredis_type) {
  if (hiredis_type == REDIS_REPLY_STATUS) return RedisReply::Kind::status;
  if (hiredis_type == REDIS_REPLY_ERROR) return RedisReply::Kind::error;
  return RedisReply::Kind::string;
}

}  // namespace

RedisReply RedisReply::of_integer(std::int64_t value) {
  RedisReply reply;
  reply.kind_ = Kind::integer;
  reply.integer_ = value;
  return reply;
}

RedisReply RedisReply::of_text(Kind kind, std::string text) {
  LP_CHECK(kind == Kind::status || kind == Kind::error || kind == Kind::string, "a kind without text");
  RedisReply reply;
  reply.kind_ = kind;
  reply.text_ = std::move(text);
  return reply;
}

RedisReply RedisReply::of_array(std::vector<RedisReply> elements) {
  RedisReply reply;
  reply.kind_ = Kind::array;
  reply.elements_ = std::move(elements);
  return reply;
}

std::optional<std::int64_t> RedisReply::integer() const {
  return kind_ == Kind::integer ? std::optional(integer_) : std::nullopt;
}

std::optional<std::string_view> RedisReply::string() const {
  return kind_ == Kind::string ? std::optional<std::string_view>(text_) : std::nullopt;
}

const RedisReply& RedisReply::operator[](std::size_t index) const {
  static const RedisReply nil;
  return index < elements_.size() ? elements_[index] : nil;
}

// What hiredis calls while it reads: each builds straight into the parent's elements, so nothing is allocated for
// elements that are only announced. The address of an element stays good while hiredis needs it: only the innermost
// array grows.
struct RedisReplyReader::Builder {
  static RedisReply* add(const redisReadTask* task, std::size_t bytes) noexcept {
    auto& reader = *static_cast<RedisReplyReader*>(task->privdata);
    reader.built_bytes_ += sizeof(RedisReply) + bytes;
    if (reader.built_bytes_ > reader.max_reply_bytes_) {
      reader.too_large_ = true;
      return nullptr;  // hiredis ends with an error
    }
    if (!task->parent) return new RedisReply;
    return &static_cast<RedisReply*>(task->parent->obj)->elements_.emplace_back();
  }
  static void* string(const redisReadTask* task, char* bytes, std::size_t size) noexcept {
    RedisReply* const reply = add(task, size);
    if (reply) *reply = RedisReply::of_text(kind_of(task->type), std::string(bytes, size));
    return reply;
  }
  static void* array(const redisReadTask* task, int) noexcept {
    RedisReply* const reply = add(task, 0);
    if (reply) reply->kind_ = RedisReply::Kind::array;
    return reply;
  }
  static void* integer(const redisReadTask* task, long long value) noexcept {
    RedisReply* const reply = add(task, 0);
    if (reply) *reply = RedisReply::of_integer(value);
    return reply;
  }
  static void* nil(const redisReadTask* task) noexcept { return add(task, 0); }
  static void free(void* root) noexcept { delete static_cast<RedisReply*>(root); }
};

void RedisReplyReader::Free::operator()(redisReader* reader) const { redisReaderFree(reader); }

RedisReplyReader::RedisReplyReader(std::size_t max_reply_bytes) : max_reply_bytes_(max_reply_bytes) {
  static redisReplyObjectFunctions functions{Builder::string, Builder::array, Builder::integer, Builder::nil,
                                             Builder::free};
  reader_.reset(redisReaderCreateWithFunctions(&functions));
  LP_CHECK(reader_ != nullptr, "out of memory");
  reader_->privdata = this;
}

RedisReplyReader::~RedisReplyReader() = default;

void RedisReplyReader::feed(std::string_view bytes) {
  if (failed_ || bytes.empty()) return;
  LP_CHECK(redisReaderFeed(reader_.get(), bytes.data(), bytes.size()) == REDIS_OK, "out of memory");
}

Result<std::optional<RedisReply>> RedisReplyReader::next() {
  if (failed_) return fail("the stream of replies is broken");
  void* raw = nullptr;
  const bool read = redisReaderGetReply(reader_.get(), &raw) == REDIS_OK;
  const std::unique_ptr<RedisReply> reply(static_cast<RedisReply*>(raw));
  failed_ = !read || (!reply && (reader_->len - reader_->pos > max_reply_bytes_ || has_endless_line()));
  if (failed_) return fail(too_large_ || read ? "a reply is too large" : "what was received is no reply of Redis");
  if (!reply) return std::optional<RedisReply>();
  built_bytes_ = 0;
  return std::optional(std::move(*reply));
}

// hiredis looks for the end of an unfinished line from its beginning each time: quadratic in its length.
bool RedisReplyReader::has_endless_line() const {
  const std::string_view unread(reader_->buf + reader_->pos, reader_->len - reader_->pos);
  return unread.size() > kMaxLineBytes && unread.substr(0, kMaxLineBytes).find('\r') == std::string_view::npos;
}

std::string redis_command_bytes(const std::vector<std::string>& argv) {
  LP_CHECK(!argv.empty(), "a command without a name");
  std::vector<const char*> parts;
  std::vector<std::size_t> sizes;
  for (const std::string& part : argv) {
    parts.push_back(part.data());
    sizes.push_back(part.size());
  }
  char* bytes = nullptr;
  const int size = redisFormatCommandArgv(&bytes, static_cast<int>(argv.size()), parts.data(), sizes.data());
  LP_CHECK(size > 0, "out of memory");
  std::string out(bytes, static_cast<std::size_t>(size));
  OPENSSL_cleanse(bytes, out.size());  // it may hold a password
  redisFreeCommand(bytes);
  return out;
}

}  // namespace lp
