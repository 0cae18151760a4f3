#pragma once
#include <cstdint>
#include <string>

#include "base/result.h"
#include "proxy/net/socket.h"

// Connections of commands, which wait.
namespace lp {

// A connected socket that does not block, or why there is none. `host`: a name, or an IP literal without brackets.
[[nodiscard]] Result<Socket> connect_tcp(const std::string& host, std::uint16_t port, std::int64_t timeout_ms);
[[nodiscard]] Result<Socket> connect_unix(const std::string& path, std::int64_t timeout_ms);
// Whether it is ready for these events of poll(2) within the time.
[[nodiscard]] bool becomes_ready(int fd, short events, std::int64_t timeout_ms);

}  // namespace lp
