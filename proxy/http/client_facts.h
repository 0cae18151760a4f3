#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/http_message.h"
#include "config/settings.h"

namespace lp {

// The client as far as trusted hops tell (RFC 7239 7.4: never believe an untrusted hop).
struct ClientFacts {
  std::string address;        // textual, v4-mapped IPv6 shown as IPv4
  std::string forwarded_for;  // the X-Forwarded-For value to send on
  bool peer_is_trusted = false;
  bool is_proxy = false;  // one of trusted hops, which do not say who is behind them

  // The texts keep their memory for the next request.
  void start_over() {
    address.clear();
    forwarded_for.clear();
    peer_is_trusted = is_proxy = false;
  }
};
// `peer` is the socket's address text; empty for a unix socket (which counts as trusted only when trusted_proxies
// is not empty). Where `named_in` is a field (client_ip_header), trusted hops name the client there and X-Forwarded-For
// says nothing of it: once and one address, else the peer is the client.
[[nodiscard]] ClientFacts client_facts(std::string_view peer, const Fields& fields, const std::vector<Cidr>& trusted,
                                       std::string_view named_in = {});
// The same into `facts`, new or used: its texts keep their memory.
void read_client_facts(std::string_view peer, const Fields& fields, const std::vector<Cidr>& trusted,
                       std::string_view named_in, ClientFacts& facts);
// The id that a hop gave the request: a short plain word, said once; else empty. To be believed of a trusted peer.
[[nodiscard]] std::string_view told_request_id(const Fields& fields);

}  // namespace lp
