#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

// A small HTTP/1.1 server on loopback for tests: blocking, one thread a connection.
namespace lp::test {

struct FakeRequest {
  std::string method, target, body;
  std::map<std::string, std::string> headers;  // names in lower case
};

std::string http_answer(int status, const std::string& body, const std::string& type = "application/json",
                        const std::string& more_headers = "");

class FakeServer {
 public:
  // Bytes to answer with; "" never answers and holds the connection; kReset closes it without a word.
  using Handler = std::function<std::string(const FakeRequest&)>;
  static constexpr const char* kReset = "reset";

  explicit FakeServer(Handler handler);
  FakeServer(const FakeServer&) = delete;
  FakeServer& operator=(const FakeServer&) = delete;
  ~FakeServer();

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string origin() const { return "http://127.0.0.1:" + std::to_string(port_); }
  [[nodiscard]] int count(const std::string& path) const;
  [[nodiscard]] std::vector<FakeRequest> seen() const;
  [[nodiscard]] std::size_t connections() const;

 private:
  void accept_all();
  void serve(int fd);
  static bool send_all(int fd, std::string_view bytes);
  static bool receive(int fd, std::string& buffer);
  static bool read_request(int fd, std::string& buffer, FakeRequest& out);
  static FakeRequest parse_head(std::string_view head);

  Handler handler_;
  int listener_;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  bool stopping_ = false;
  std::vector<FakeRequest> seen_;
  std::vector<int> connections_;
  std::vector<std::thread> threads_;  // grown by the accepting thread only
};

}  // namespace lp::test
