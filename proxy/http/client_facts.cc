#include "proxy/http/client_facts.h"

#include <algorithm>

#include "base/encoding.h"
#include "proxy/net/ip_address.h"

namespace lp {
namespace {

// One entry of X-Forwarded-For; some proxies write a port behind the address. What is not an address is nobody.
std::optional<IpAddress> parse_hop(std::string_view text) {
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    const std::string_view port = text.substr(close + 1);
    return port.empty() || port.front() == ':' ? parse_ip(text.substr(1, close - 1)) : std::nullopt;
  }
  const bool has_port = std::count(text.begin(), text.end(), ':') == 1;
  return parse_ip(has_port ? text.substr(0, text.find(':')) : text);
}

std::string joined_forwarded_for(const Fields& fields) {
  std::string joined;
  for (const Field& field : fields.all()) {
    if (!iequals(field.name, "X-Forwarded-For") || field.value.empty()) continue;
    if (!joined.empty()) joined += ", ";
    joined += field.value;
  }
  return joined;
}

// From the right, as long as the hop that wrote an entry is one of ours. An entry that is no address ends the walk: the
// hop that passed it on is then the client (threat H09).
std::string client_address(std::string nearest, std::string_view entries, const std::vector<Cidr>& trusted) {
  while (!entries.empty()) {
    const std::size_t comma = entries.rfind(',');
    const std::size_t start = comma == std::string_view::npos ? 0 : comma + 1;
    const std::string_view entry = trim_ows(entries.substr(start));
    entries = entries.substr(0, start == 0 ? 0 : comma);
    if (entry.empty()) continue;
    const auto hop = parse_hop(entry);
    if (!hop) break;
    nearest = ip_text(*hop);
    if (!contains_any(trusted, *hop)) break;
  }
  return nearest;
}

// Empty: the field does not name anybody.
std::string named_address(const Fields& fields, std::string_view name) {
  if (fields.count(name) != 1) return {};
  const auto address = parse_hop(trim_ows(fields.get(name)));
  return address ? ip_text(*address) : std::string();
}

// The kernel's text of an address is canonical, but for IPv4 that came in on an IPv6 socket.
void read_peer(std::string_view peer, std::string& text) {
  text = peer;
  if (peer.find(':') == std::string_view::npos) return;
  if (const auto address = parse_ip(peer)) text = ip_text(*address);
}

}  // namespace

ClientFacts client_facts(std::string_view peer, const Fields& fields, const std::vector<Cidr>& trusted,
                         std::string_view named_in) {
  ClientFacts facts;
  read_client_facts(peer, fields, trusted, named_in, facts);
  return facts;
}

void read_client_facts(std::string_view peer, const Fields& fields, const std::vector<Cidr>& trusted,
                       std::string_view named_in, ClientFacts& facts) {
  facts.peer_is_trusted = facts.is_proxy = false;
  read_peer(peer, facts.address);
  facts.forwarded_for = facts.address;
  if (trusted.empty()) return;
  const auto address = parse_ip(facts.address);
  facts.peer_is_trusted = peer.empty() || (address && contains_any(trusted, *address));
  if (!facts.peer_is_trusted) return;
  const std::string nearest = facts.address;
  std::string hops = joined_forwarded_for(fields);
  if (named_in.empty()) {
    facts.address = client_address(facts.address, hops, trusted);
  } else if (const std::string named = named_address(fields, named_in); !named.empty()) {
    facts.address = named;
    if (hops.empty()) hops = named;
  }
  facts.is_proxy = facts.address == nearest;
  if (hops.empty()) return;
  if (!facts.forwarded_for.empty()) hops += ", " + facts.forwarded_for;
  facts.forwarded_for = std::move(hops);
}

std::string_view told_request_id(const Fields& fields) {
  const auto is_plain = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '-' || c == '_' ||
           c == '.';
  };
  const std::string_view id = fields.get("X-Request-Id");
  const bool is_one = id.size() <= 64 && std::all_of(id.begin(), id.end(), is_plain);
  return is_one && fields.count("X-Request-Id") == 1 ? id : std::string_view();
}

}  // namespace lp
