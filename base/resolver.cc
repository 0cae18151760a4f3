#include "base/resolver.h"

#include <arpa/inet.h>
#include <event2/dns.h>
#include <event2/event.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <fstream>
#include <iterator>

#include "base/encoding.h"

namespace lp {

namespace {
constexpr std::int64_t kMaxTtlMs = 30'000;
constexpr std::int64_t kMinTtlMs = 1'000;
constexpr std::int64_t kHostsFileTtlMs = 5'000;

std::int64_t monotonic_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

SocketAddress v4_address(const in_addr& ip) {
  SocketAddress address;
  auto* in = reinterpret_cast<sockaddr_in*>(&address.storage);
  in->sin_family = AF_INET;
  in->sin_addr = ip;
  address.length = sizeof(sockaddr_in);
  return address;
}

SocketAddress v6_address(const in6_addr& ip) {
  SocketAddress address;
  auto* in = reinterpret_cast<sockaddr_in6*>(&address.storage);
  in->sin6_family = AF_INET6;
  in->sin6_addr = ip;
  address.length = sizeof(sockaddr_in6);
  return address;
}

std::vector<SocketAddress> literal(std::string_view host) {
  const std::string text(host);
  in_addr v4{};
  in6_addr v6{};
  if (::inet_pton(AF_INET, text.c_str(), &v4) == 1) return {v4_address(v4)};
  if (::inet_pton(AF_INET6, text.c_str(), &v6) == 1) return {v6_address(v6)};
  return {};
}

std::string_view next_word(std::string_view& line) {
  const std::size_t start = line.find_first_not_of(" \t\r");
  if (start == std::string_view::npos) return line = {};
  const std::size_t end = std::min(line.find_first_of(" \t\r", start), line.size());
  const std::string_view word = line.substr(start, end - start);
  line.remove_prefix(end);
  return word;
}

std::string hosts_file() {
  std::ifstream file("/etc/hosts", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::vector<SocketAddress> with_port(std::vector<SocketAddress> addresses, std::uint16_t port) {
  for (auto& address : addresses) set_port(address, port);
  return addresses;
}
}  // namespace

struct Resolver::WaitImpl final : Resolver::Wait {
  WaitImpl(Lookup& lookup_in, std::uint16_t port_in, Done done_in)
      : lookup(&lookup_in), port(port_in), done(std::move(done_in)) {}
  ~WaitImpl() override;
  Lookup* lookup;  // null once it is over
  std::uint16_t port;
  Done done;
};

struct Resolver::Lookup {
  Lookup(Resolver& resolver_in, std::string host_in) : resolver(resolver_in), host(std::move(host_in)) {}
  Resolver& resolver;
  std::string host;
  std::vector<SocketAddress> v4, v6;
  std::int64_t ttl_ms = kMaxTtlMs;
  int open_questions = 0;
  std::vector<WaitImpl*> waits;
};

Resolver::WaitImpl::~WaitImpl() {
  if (lookup) std::erase(lookup->waits, this);
}

Resolver::Resolver(EventLoop& loop) : loop_(loop) {}

Resolver::~Resolver() {
  if (dns_) evdns_base_free(dns_, 0);  // 0: no callbacks any more, so the lookups may go
  for (auto& [host, lookup] : lookups_) {
    for (auto* wait : lookup->waits) wait->lookup = nullptr;
  }
}

const std::vector<SocketAddress>* Resolver::known(const std::string& host, std::uint16_t port) {
  const auto found = known_.find(host);
  if (found == known_.end()) {
    auto addresses = addresses_without_lookup(host);
    if (addresses.empty()) return nullptr;
    known_[host] = {std::move(addresses), INT64_MAX};
    return known(host, port);
  }
  if (found->second.until_ms <= monotonic_ms()) return nullptr;
  answer_ = with_port(found->second.addresses, port);
  return &answer_;
}

void Resolver::forget(const std::string& host) {
  const auto found = known_.find(host);
  if (found != known_.end() && found->second.until_ms != INT64_MAX) known_.erase(found);
}

std::unique_ptr<Resolver::Wait> Resolver::look_up(const std::string& host, std::uint16_t port, Done done) {
  const auto under_way = lookups_.find(host);
  Lookup& lookup = under_way != lookups_.end() ? *under_way->second : start(host);
  auto wait = std::make_unique<WaitImpl>(lookup, port, std::move(done));
  lookup.waits.push_back(wait.get());
  return wait;
}

// The hosts file first; it answers through the loop like DNS does, never inside look_up().
Resolver::Lookup& Resolver::start(const std::string& host) {
  auto& lookup = *(lookups_[host] = std::make_unique<Lookup>(*this, host));
  lookup.v4 = addresses_in_hosts(hosts_file(), host);
  if (lookup.v4.empty()) {
    if (!dns_) dns_ = evdns_base_new(loop_.raw(), EVDNS_BASE_INITIALIZE_NAMESERVERS | EVDNS_BASE_DISABLE_WHEN_INACTIVE);
    for (auto* question : {&evdns_base_resolve_ipv4, &evdns_base_resolve_ipv6}) {
      if (dns_ && question(dns_, host.c_str(), 0, &Resolver::on_dns, &lookup)) ++lookup.open_questions;
    }
  } else {
    lookup.ttl_ms = kHostsFileTtlMs;
  }
  if (lookup.open_questions == 0) {
    loop_.post([this, host, alive = std::weak_ptr<const bool>(alive_)] {
      if (alive.expired()) return;
      const auto found = lookups_.find(host);
      if (found != lookups_.end() && found->second->open_questions == 0) finish(*found->second);
    });
  }
  return lookup;
}

void Resolver::on_dns(int result, char type, int count, int ttl, void* addresses, void* argument) {
  auto& lookup = *static_cast<Lookup*>(argument);
  if (result == DNS_ERR_NONE && count > 0) {
    for (int i = 0; i < count; ++i) {
      if (type == DNS_IPv4_A) lookup.v4.push_back(v4_address(static_cast<in_addr*>(addresses)[i]));
      if (type == DNS_IPv6_AAAA) lookup.v6.push_back(v6_address(static_cast<in6_addr*>(addresses)[i]));
    }
    lookup.ttl_ms = std::clamp<std::int64_t>(std::int64_t{ttl} * 1000, kMinTtlMs, lookup.ttl_ms);
  }
  if (--lookup.open_questions == 0) lookup.resolver.finish(lookup);
}

void Resolver::finish(Lookup& lookup) {
  std::vector<SocketAddress> addresses = std::move(lookup.v4);
  addresses.insert(addresses.end(), lookup.v6.begin(), lookup.v6.end());
  if (!addresses.empty()) known_[lookup.host] = {addresses, monotonic_ms() + lookup.ttl_ms};
  const auto node = lookups_.extract(lookup.host);  // keeps it alive: a callback may ask for the same name again
  while (!lookup.waits.empty()) {
    WaitImpl* wait = lookup.waits.back();
    lookup.waits.pop_back();
    wait->lookup = nullptr;
    const Done done = std::move(wait->done);  // the callback may drop its own wait
    if (addresses.empty()) {
      done(fail("the name " + lookup.host + " has no address"));
    } else {
      done(with_port(addresses, wait->port));
    }
  }
}

std::vector<SocketAddress> addresses_without_lookup(std::string_view host) {
  const std::string lower = ascii_lower(host);
  if (lower != "localhost" && !lower.ends_with(".localhost")) return literal(host);
  auto addresses = literal("127.0.0.1");
  addresses.push_back(literal("::1").front());
  return addresses;
}

std::vector<SocketAddress> addresses_in_hosts(std::string_view text, std::string_view host) {
  std::vector<SocketAddress> found;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    line = line.substr(0, line.find('#'));
    const auto address = literal(next_word(line));
    if (address.empty()) continue;
    for (std::string_view name = next_word(line); !name.empty(); name = next_word(line)) {
      if (!iequals(name, host)) continue;
      found.push_back(address.front());
      break;
    }
  }
  return found;
}

void set_port(SocketAddress& address, std::uint16_t port) {
  if (address.storage.ss_family == AF_INET) reinterpret_cast<sockaddr_in*>(&address.storage)->sin_port = htons(port);
  if (address.storage.ss_family == AF_INET6) reinterpret_cast<sockaddr_in6*>(&address.storage)->sin6_port = htons(port);
}

std::string address_text(const SocketAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.storage.ss_family == AF_INET) {
    const auto* in = reinterpret_cast<const sockaddr_in*>(&address.storage);
    ::inet_ntop(AF_INET, &in->sin_addr, text.data(), text.size());
  } else if (address.storage.ss_family == AF_INET6) {
    const auto* in = reinterpret_cast<const sockaddr_in6*>(&address.storage);
    if (IN6_IS_ADDR_V4MAPPED(&in->sin6_addr)) {
      ::inet_ntop(AF_INET, &in->sin6_addr.s6_addr[12], text.data(), text.size());
    } else {
      ::inet_ntop(AF_INET6, &in->sin6_addr, text.data(), text.size());
    }
  }
  return text.data();
}

}  // namespace lp
