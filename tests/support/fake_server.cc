#include "tests/support/fake_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "base/check.h"
#include "base/encoding.h"

namespace lp::test {

std::string http_answer(int status, const std::string& body, const std::string& type, const std::string& more_headers) {
  return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: " + type +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + more_headers + "\r\n" + body;
}

FakeServer::FakeServer(Handler handler) : handler_(std::move(handler)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  LP_CHECK(::bind(listener_, generic, length) == 0 && ::listen(listener_, 64) == 0, "cannot listen on loopback");
  ::getsockname(listener_, generic, &length);
  port_ = ntohs(address.sin_port);
  threads_.emplace_back([this] { accept_all(); });
}

FakeServer::~FakeServer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    ::shutdown(listener_, SHUT_RDWR);
    for (const int fd : connections_) ::shutdown(fd, SHUT_RDWR);
  }
  threads_.front().join();  // no more threads are added after this
  for (std::size_t i = 1; i < threads_.size(); ++i) threads_[i].join();
  for (const int fd : connections_) ::close(fd);
  ::close(listener_);
}

int FakeServer::count(const std::string& path) const {
  const std::lock_guard lock(mutex_);
  return static_cast<int>(std::count_if(seen_.begin(), seen_.end(), [&](const auto& r) { return r.target == path; }));
}

std::vector<FakeRequest> FakeServer::seen() const {
  const std::lock_guard lock(mutex_);
  return seen_;
}

std::size_t FakeServer::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_.size();
}

void FakeServer::accept_all() {
  while (true) {
    const int fd = ::accept(listener_, nullptr, nullptr);
    if (fd < 0) return;
    const std::lock_guard lock(mutex_);
    connections_.push_back(fd);
    if (stopping_) return;
    threads_.emplace_back([this, fd] { serve(fd); });
  }
}

void FakeServer::serve(int fd) {
  std::string buffer;
  FakeRequest request;
  while (read_request(fd, buffer, request)) {
    {
      const std::lock_guard lock(mutex_);
      seen_.push_back(request);
    }
    const std::string answer = handler_(request);
    if (answer.empty()) continue;
    if (answer == kReset || !send_all(fd, answer)) break;
  }
  ::shutdown(fd, SHUT_RDWR);
}

bool FakeServer::send_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool FakeServer::receive(int fd, std::string& buffer) {
  char bytes[4096];
  const ssize_t count = ::recv(fd, bytes, sizeof bytes, 0);
  if (count <= 0) return false;
  buffer.append(bytes, static_cast<std::size_t>(count));
  return true;
}

bool FakeServer::read_request(int fd, std::string& buffer, FakeRequest& out) {
  std::size_t end = 0;
  while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
    if (!receive(fd, buffer) || buffer[0] == '\x16') return false;  // a TLS hello gets no answer
  }
  out = parse_head(buffer.substr(0, end));
  buffer.erase(0, end + 4);
  const auto length = static_cast<std::size_t>(std::atoi(out.headers["content-length"].c_str()));
  while (buffer.size() < length) {
    if (!receive(fd, buffer)) return false;
  }
  out.body = buffer.substr(0, length);
  buffer.erase(0, length);
  return true;
}

FakeRequest FakeServer::parse_head(std::string_view head) {
  FakeRequest request;
  const std::string_view line = head.substr(0, head.find("\r\n"));
  request.method = line.substr(0, line.find(' '));
  request.target = line.substr(line.find(' ') + 1, line.rfind(' ') - line.find(' ') - 1);
  std::size_t at = head.find("\r\n");
  while (at != std::string_view::npos) {
    const std::size_t next = head.find("\r\n", at + 2);
    const std::string_view field = head.substr(at + 2, next == std::string_view::npos ? next : next - at - 2);
    const std::size_t colon = field.find(':');
    request.headers[ascii_lower(field.substr(0, colon))] = trim_ows(field.substr(colon + 1));
    at = next;
  }
  return request;
}

}  // namespace lp::test
