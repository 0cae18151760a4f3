#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "proxy/exchange/answer_coding.h"
#include "proxy/http/stream.h"

// A file of a route's `static` directory. On a worker: reads block it for as long as the disk takes, as a web server's
// do.
namespace lp {

class StaticFile {
 public:
  enum class Outcome { file, folder, none };
  // `path` in normal form, escapes and all, beginning with '/'. A path that ends in '/' means index.html there;
  // `folder` is one without. None is: what is no regular file, what lies outside (symbolic links are followed within),
  // and any name that begins with a dot (.git, .env), but .well-known (RFC 8615).
  [[nodiscard]] static Outcome open(const std::string& directory, std::string_view path, StaticFile& into);

  StaticFile() = default;
  ~StaticFile();
  StaticFile(const StaticFile&) = delete;
  StaticFile& operator=(const StaticFile&) = delete;
  void close();

  // All of it; nullopt where it has more than `most_bytes`, or cannot be read.
  [[nodiscard]] std::optional<std::string> read_whole(std::size_t most_bytes) const;
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }
  [[nodiscard]] std::uint64_t size_bytes() const { return size_bytes_; }
  [[nodiscard]] std::int64_t modified_ns() const { return modified_ns_; }
  [[nodiscard]] const std::string& name() const { return name_; }

  // waits: for the client, which takes no more now. yields: others' turn, the rest in the next one. broken: it has
  // become shorter.
  enum class Progress { waits, yields, done, broken };
  void select(std::uint64_t begin, std::uint64_t length_bytes);
  // As much as the client takes, through `coding` where there is one: then all of it only with `done`, and no more at a
  // time than a worker may spend on one of its connections.
  [[nodiscard]] Progress send(ClientStream& client, AnswerCoding* coding = nullptr);

 private:
  int fd_ = -1;
  std::uint64_t size_bytes_ = 0;
  std::int64_t modified_ns_ = 0;
  std::string name_;
  std::uint64_t at_ = 0;
  std::uint64_t left_bytes_ = 0;
};

}  // namespace lp
