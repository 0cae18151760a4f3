#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lp {

// What a balancer says before a connection's own bytes, of who is behind it: the PROXY protocol, versions 1 and 2
// (haproxy.org/download/2.6/doc/proxy-protocol.txt). Whoever may connect can say it: only trusted peers are to be read.
struct ProxyHeader {
  enum class Kind : std::uint8_t { need_more, complete, bad };
  // need_more: all bytes so far are the header's, and it is not complete.
  Kind kind = Kind::bad;
  std::size_t bytes = 0;  // of a complete one
  // The client's address as a socket would tell it; empty: the balancer speaks for itself (LOCAL). kUnknownClient: of
  // somebody of whom it does not say one (UNKNOWN, a unix socket). That one is not the balancer: nobody trusts him.
  std::string client{};
};

inline constexpr const char* kUnknownClient = "unknown";

// Longer than any that is of use. One of version 2 could be 64 KiB.
inline constexpr std::size_t kMostProxyHeader = 4096;

// Pure.
[[nodiscard]] ProxyHeader read_proxy_header(std::string_view bytes);

}  // namespace lp
