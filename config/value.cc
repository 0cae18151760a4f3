#include "config/value.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "base/encoding.h"
#include "base/one_of.h"
#include "base/url.h"
#include "config/guessable.h"

namespace lp {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

// Largest first: formatting takes the first that divides.
constexpr std::array<Unit, 5> kTimeUnits{{{"d", kDay}, {"h", kHour}, {"m", kMinute}, {"s", kSecond}, {"ms", 1}}};
constexpr std::array<Unit, 4> kSizeUnits{{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"", 1}}};

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) return std::nullopt;
  return value;
}

template <std::size_t N>
std::optional<std::int64_t> with_unit(std::string_view text, const std::array<Unit, N>& units) {
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = whole_number(text.substr(0, digits));
  if (!number) return std::nullopt;
  for (const auto& unit : units) {
    if (unit.name != text.substr(digits)) continue;
    if (*number > std::numeric_limits<std::int64_t>::max() / unit.factor) return std::nullopt;
    return *number * unit.factor;
  }
  return std::nullopt;
}

template <std::size_t N>
std::string in_units(std::int64_t value, const std::array<Unit, N>& units) {
  for (const auto& unit : units) {
    if (value != 0 && value % unit.factor == 0) return std::to_string(value / unit.factor) + std::string(unit.name);
  }
  return "0" + std::string(units.back().name);
}

bool starts_with_digit(std::string_view text) { return !text.empty() && text.front() >= '0' && text.front() <= '9'; }

constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

// How many bits the text's own family has, the address v4-mapped.
std::optional<int> read_address(const std::string& text, std::array<std::uint8_t, 16>& address) {
  if (inet_pton(AF_INET6, text.c_str(), address.data()) == 1) return 128;
  std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), address.begin());
  if (inet_pton(AF_INET, text.c_str(), address.data() + 12) == 1) return 32;
  return std::nullopt;
}

bool only_zero_below(const Cidr& cidr) {
  for (int bit = cidr.prefix_bits; bit < 128; ++bit) {
    if ((cidr.address[static_cast<std::size_t>(bit / 8)] >> (7 - bit % 8)) & 1) return false;
  }
  return true;
}

bool is_mapped(const Cidr& cidr) {
  return cidr.prefix_bits >= 96 && std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), cidr.address.begin());
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  const auto number = whole_number(text);
  if (!number || *number > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(*number);
}

bool is_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool all_of(std::string_view text, std::string_view others) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [&](char c) { return is_alnum(c) || others.find(c) != std::string_view::npos; });
}

bool is_socket_path(std::string_view path) {
  constexpr std::size_t kMaxSunPath = 107;
  return path.size() > 1 && path.front() == '/' && path.size() <= kMaxSunPath;
}

bool is_abstract_name(std::string_view name) {
  constexpr std::size_t kMostBytes = 107;
  const auto is_plain = [](char c) { return c > ' ' && c < 0x7f; };
  return name.size() > 1 && name.front() == '@' && name.size() <= kMostBytes &&
         std::all_of(name.begin(), name.end(), is_plain);
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    if (end > 0) out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string join(const std::vector<std::string>& parts) {
  std::string out;
  for (const auto& part : parts) out += (out.empty() ? "" : " ") + part;
  return out;
}

}  // namespace

Error expected(std::string_view what, std::string_view found) {
  std::string shown(found.substr(0, 80));
  if (found.size() > 80) shown = replace_invalid_utf8(shown) + "...";
  return fail("expected " + std::string(what) + ", found '" + shown + "'");
}

Result<std::int64_t> parse_duration(std::string_view text) {
  const auto value = with_unit(text, kTimeUnits);
  if (value) return *value;
  const std::string message = expected("a duration such as 500ms, 30s, 15m, 12h or 14d", text).message;
  if (!whole_number(text))
    return fail(message + (starts_with_digit(text) ? ": a whole number and one unit, ms, s, m, h or d" : ""));
  const std::string number(text);
  return fail(message + ": a number needs its unit, as in " + number + "s or " + number + "m");
}

std::string format_duration(std::int64_t ms) { return in_units(ms, kTimeUnits); }

Result<std::int64_t> parse_size(std::string_view text) {
  if (text == "none") return kUnlimited;
  const auto value = with_unit(text, kSizeUnits);
  if (value) return *value;
  return fail(expected("a size such as 512, 64KiB, 10MiB or 1GiB", text).message +
              (starts_with_digit(text) ? ": bytes, or a whole number of KiB, MiB or GiB" : ""));
}

std::string format_size(std::int64_t bytes) { return bytes == kUnlimited ? "none" : in_units(bytes, kSizeUnits); }

Result<std::int64_t> parse_count(std::string_view text) {
  const auto value = whole_number(text);
  if (value) return *value;
  return fail(expected("a whole number", text).message +
              (starts_with_digit(text) ? ": digits only, such as 10000" : ""));
}

Result<bool> parse_bool(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  const std::string word = ascii_lower(text);
  const bool is_true = is_one_of(word, {"true", "yes", "on", "y", "1"});
  const bool is_false = is_one_of(word, {"false", "no", "off", "n", "0"});
  return fail(expected("true or false", text).message + (is_true ? ": write true" : is_false ? ": write false" : ""));
}

Result<Cidr> parse_cidr(std::string_view text) {
  static constexpr std::string_view kWhat = "an address or a range such as 10.0.0.0/8 or fd00::/8";
  const auto slash = text.find('/');
  Cidr cidr;
  const auto family_bits = read_address(std::string(text.substr(0, slash)), cidr.address);
  if (!family_bits) {
    const bool is_name = is_host(ascii_lower(text)) && text.find_first_not_of("0123456789.") != std::string_view::npos;
    return fail(expected(kWhat, text).message +
                (is_name ? ": names are not taken, whose addresses may be others' tomorrow; write the network's range "
                           "(docker network inspect shows it)"
                         : ""));
  }
  int prefix = *family_bits;
  if (slash != std::string_view::npos) {
    const auto number = whole_number(text.substr(slash + 1));
    if (!number || *number > *family_bits) return expected(kWhat, text);
    prefix = static_cast<int>(*number);
  }
  cidr.prefix_bits = prefix + 128 - *family_bits;
  if (!only_zero_below(cidr)) {
    for (int bit = cidr.prefix_bits; bit < 128; ++bit)
      cidr.address[static_cast<std::size_t>(bit / 8)] &= static_cast<std::uint8_t>(~(0x80U >> (bit % 8)));
    return fail(expected("a range whose bits below the prefix are zero", text).message + ": write " +
                format_cidr(cidr) + ", or the address alone");
  }
  return cidr;
}

std::string format_cidr(const Cidr& cidr) {
  char text[INET6_ADDRSTRLEN] = {};
  const bool mapped = is_mapped(cidr);
  const int family = mapped ? AF_INET : AF_INET6;
  inet_ntop(family, cidr.address.data() + (mapped ? 12 : 0), text, sizeof text);
  const int full = mapped ? 32 : 128;
  const int prefix = mapped ? cidr.prefix_bits - 96 : cidr.prefix_bits;
  return prefix == full ? std::string(text) : std::string(text) + "/" + std::to_string(prefix);
}

bool is_ip_literal(std::string_view text) {
  std::array<std::uint8_t, 16> address{};
  return text.find('\0') == std::string_view::npos && read_address(std::string(text), address).has_value();
}

namespace {

// What may have been meant by a text that is no address to listen on.
std::string meant_listen(std::string_view text) {
  if (is_ip_literal(text)) return ": its port is missing";
  if (parse_port(text)) return ": write 127.0.0.1:" + std::string(text) + ", or 0.0.0.0:" + std::string(text);
  const auto scheme = text.find("://");
  if (scheme != std::string_view::npos) text.remove_prefix(scheme + 3);
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return {};
  const std::string_view host = text.substr(0, colon), port = text.substr(colon + 1);
  if (!parse_port(port)) return port.find_first_not_of("0123456789") == port.npos ? ": a port is at most 65535" : "";
  if (host.empty() || host == "*") return ": write 0.0.0.0:" + std::string(port);
  if (host == "localhost") return ": write 127.0.0.1:" + std::string(port);
  if (host.find(':') != host.npos && is_ip_literal(host))
    return ": write \"[" + std::string(host) + "]:" + std::string(port) + "\"";
  if (scheme != std::string_view::npos && is_ip_literal(host)) return ": write " + std::string(text);
  return is_host(ascii_lower(host)) ? ": names are not taken, write an address of this machine" : "";
}

}  // namespace

Result<ListenSettings> parse_listen(std::string_view text) {
  static constexpr std::string_view kWhat =
      "an address such as 127.0.0.1:8080, 0.0.0.0:8080, \"[::]:8080\" or unix:/path";
  ListenSettings listen;
  if (text.substr(0, 5) == "unix:") {
    const std::string_view path = text.substr(5);
    if (!is_socket_path(path) && !is_abstract_name(path))
      return expected("unix: and an absolute path of at most 107 bytes, or @ and a name", text);
    return ListenSettings{ListenSettings::Kind::unix_socket, "", 0, std::string(text.substr(5))};
  }
  const auto wrong = [&] { return fail(expected(kWhat, text).message + meant_listen(text)); };
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong();
  const auto port = parse_port(text.substr(colon + 1));
  auto host = text.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const bool is_v6 = host.find(':') != std::string_view::npos;
  if (!port || is_v6 != bracketed || !is_ip_literal(host)) return wrong();
  listen.host = std::string(host);
  listen.port = *port;
  return listen;
}

std::string format_listen(const ListenSettings& listen) {
  if (listen.kind == ListenSettings::Kind::unix_socket) return "unix:" + listen.path;
  const bool is_v6 = listen.host.find(':') != std::string::npos;
  return (is_v6 ? "[" + listen.host + "]" : listen.host) + ":" + std::to_string(listen.port);
}

namespace {

// user:password@host, none of which may reach a message.
constexpr std::string_view kNoUser = "a user or a password stands in the URL (not shown), where none may be";

bool has_user(std::string_view text) {
  const auto scheme = text.find("://");
  if (scheme == std::string_view::npos) return false;
  const std::string_view authority = text.substr(scheme + 3);
  return authority.substr(0, authority.find_first_of("/?#")).find('@') != std::string_view::npos;
}

bool is_spoken(std::string_view text) { return ascii_lower(text.substr(0, 4)) == "http"; }

constexpr std::string_view kH2c = "h2c://";
bool is_h2c(std::string_view text) { return ascii_lower(text.substr(0, kH2c.size())) == kH2c; }

// A URL of an app begins with one scheme alone.
std::string url_fault(std::string_view text, const std::string& fault) {
  return text.find("://") == std::string_view::npos ? "it begins with http://" : fault;
}

// What may have been meant, as ": write ...".
std::string meant_upstream(std::string_view text) {
  const auto scheme = text.find("://");
  const std::string name = ascii_lower(text.substr(0, std::min(scheme, text.size())));
  if (scheme != std::string_view::npos && (name == "ws" || name == "wss"))
    return ": WebSockets go that way too, write http" + std::string(text.substr(scheme));
  if (name == "grpc") return ": gRPC is HTTP/2, write h2c" + std::string(text.substr(scheme));
  if (name == "grpcs" || name == "h2")
    return ": write https" + std::string(text.substr(scheme)) + " and, beside url, http2: true";
  if (scheme != std::string_view::npos && !is_spoken(text))
    return ": apps are spoken to in HTTP; for FastCGI, uWSGI or AJP a web server stands before the app";
  if (is_socket_path(text)) return ": write unix:" + std::string(text);
  if (scheme != std::string_view::npos) return {};
  const std::string_view port = text.starts_with(':') ? text.substr(1) : text;
  const bool is_port = parse_port(port).has_value();
  const std::string url = "http://" + (is_port ? "127.0.0.1:" + std::string(port) : std::string(text));
  return parse_url(url).ok() ? ": write " + url : "";
}

}  // namespace

Result<void> parse_upstream_url(std::string_view text, UpstreamSettings& upstream) {
  if (text.substr(0, 5) == "unix:") {
    if (!is_socket_path(text.substr(5))) return expected("unix: and an absolute path of at most 107 bytes", text);
    upstream.kind = UpstreamSettings::Kind::unix_socket;
    upstream.socket_path = std::string(text.substr(5));
    return {};
  }
  if (has_user(text)) return fail(std::string(kNoUser) + ": an app is signed in to by authorization: { basic: ... }");
  upstream.url_says_h2c = is_h2c(text);
  const auto url =
      upstream.url_says_h2c ? parse_url("http://" + std::string(text.substr(kH2c.size()))) : parse_url(text);
  if (!url) {
    const bool has_scheme = text.find("://") != std::string_view::npos;
    return fail(expected("http://HOST:PORT, https://HOST:PORT, h2c://HOST:PORT or unix:/PATH", text).message +
                (has_scheme && !is_spoken(text) && !upstream.url_says_h2c
                     ? ""
                     : " (" + url_fault(text, url.error().message) + ")") +
                meant_upstream(text));
  }
  if (url->path != "/" || !url->query.empty()) {
    return expected("an upstream without a path (the request's own path is sent; see strip_prefix)", text);
  }
  upstream.kind = UpstreamSettings::Kind::tcp;
  upstream.tls.is_on = url->origin.is_https();
  upstream.host = url->origin.host;
  if (upstream.host.front() == '[') upstream.host = upstream.host.substr(1, upstream.host.size() - 2);
  upstream.port = url->origin.port;
  return {};
}

std::string format_upstream_url(const UpstreamSettings& upstream) {
  if (upstream.kind == UpstreamSettings::Kind::unix_socket) return "unix:" + upstream.socket_path;
  const bool is_v6 = upstream.host.find(':') != std::string::npos;
  if (upstream.url_says_h2c)
    return std::string(kH2c) + (is_v6 ? "[" + upstream.host + "]" : upstream.host) +
           (upstream.port == 80 ? "" : ":" + std::to_string(upstream.port));
  return Origin{upstream.tls.is_on ? "https" : "http", is_v6 ? "[" + upstream.host + "]" : upstream.host, upstream.port}
      .text();
}

namespace {

constexpr std::string_view kRedisForm = "redis://HOST:PORT/DB, rediss://HOST:PORT/DB or unix:/PATH?db=N";

constexpr std::string_view kNoPassword =
    "a user or password stands in the URL where it cannot be read: write redis.password (or password_file)";

// Other clients take passwords here and there in the URL: nothing of it may reach a message.
std::string not_the_redis_form() { return "expected " + std::string(kRedisForm) + " (what was found is not shown)"; }

Result<void> parse_redis_database(std::string_view text, RedisSettings& redis) {
  if (text.find_first_of("?&=@") != std::string_view::npos) return fail(not_the_redis_form());
  const auto number = parse_count(text);
  if (!number || *number > 1'000'000) return expected("the number of a Redis database", text);
  redis.database = static_cast<int>(*number);
  return {};
}

Result<void> parse_redis_socket(std::string_view text, RedisSettings& redis) {
  const std::size_t query = text.find('?');
  const std::string_view path = text.substr(0, query);
  const std::string_view authority =
      path.starts_with("//") ? path.substr(2, path.find('/', 2) - 2) : std::string_view();
  if (authority.find('@') != std::string_view::npos) return fail(std::string(kNoPassword));
  if (!is_socket_path(path)) return expected("unix: and an absolute path of at most 107 bytes", path);
  redis.kind = RedisSettings::Kind::unix_socket;
  redis.socket_path = std::string(path);
  if (query == std::string_view::npos) return {};
  if (text.substr(query, 4) != "?db=") return fail(not_the_redis_form());
  return parse_redis_database(text.substr(query + 4), redis);
}

// What stands before the host is taken off: nothing of it may reach a message.
Result<void> take_redis_user(std::string& rest, RedisSettings& redis) {
  const std::size_t at = rest.rfind('@');
  if (at == std::string::npos) return {};
  const std::string user = rest.substr(0, at);
  rest.erase(0, at + 1);
  if (user.find(':') != std::string::npos) {
    return fail("a password stands in the URL: write it under redis.password (or password_file)");
  }
  const auto decoded = percent_decode(user);
  if (!decoded || decoded->empty()) return fail("expected a user name in front of the '@'");
  redis.username = *decoded;
  return {};
}

}  // namespace

Result<void> parse_redis_url(std::string_view text, RedisSettings& redis) {
  if (text.starts_with("unix:")) return parse_redis_socket(text.substr(5), redis);
  const std::string_view scheme = text.substr(0, text.find(':'));
  if (scheme.find("sentinel") != std::string_view::npos) {
    return fail("Sentinel is not built yet: name the primary, or an address that follows it");
  }
  if (scheme.find("cluster") != std::string_view::npos) {
    return fail("Redis Cluster is not built yet: name one server that is no part of a cluster");
  }
  const bool tls = text.starts_with("rediss://");
  if (!tls && !text.starts_with("redis://")) return fail(not_the_redis_form());
  std::string rest(text.substr(tls ? 9 : 8));
  if (auto user = take_redis_user(rest, redis); !user) return user;
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  const auto authority = parse_authority(rest.substr(0, slash), 6379);
  if (!authority) return fail(not_the_redis_form());
  redis.kind = RedisSettings::Kind::tcp;
  redis.tls = tls;
  redis.host = authority->host;
  if (redis.host.front() == '[') redis.host = redis.host.substr(1, redis.host.size() - 2);
  redis.port = authority->port;
  return slash + 1 >= rest.size() ? Result<void>() : parse_redis_database(rest.substr(slash + 1), redis);
}

std::string format_redis_url(const RedisSettings& redis) {
  const std::string database = std::to_string(redis.database);
  if (redis.kind == RedisSettings::Kind::unix_socket) return "unix:" + redis.socket_path + "?db=" + database;
  const bool is_v6 = redis.host.find(':') != std::string::npos;
  return (redis.tls ? "rediss://" : "redis://") + (redis.username.empty() ? "" : percent_encode(redis.username) + "@") +
         (is_v6 ? "[" + redis.host + "]" : redis.host) + ":" + std::to_string(redis.port) + "/" + database;
}

Result<Origin> parse_config_origin(std::string_view text) {
  auto origin = parse_origin(text);
  if (origin) return origin;
  if (has_user(text)) return fail(std::string(kNoUser));
  const bool has_scheme = text.find("://") != std::string_view::npos;
  const auto url = parse_url((has_scheme ? "" : "https://") + std::string(text));
  const bool is_of_other_letters = std::any_of(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; });
  return fail(expected("an origin such as https://app.example.com", text).message + " (" + origin.error().message +
              ")" +
              (url                   ? ": write " + url->origin.text()
               : is_of_other_letters ? ": a host in other letters is written as its xn--... name"
                                     : ""));
}

namespace {

// In place of a page's origin: what is meant, or why it names nobody.
std::string no_page_hint(std::string_view text) {
  if (text == "null") return ": every site can have a frame of its own send null: name the origin of the page, or none";
  const bool is_secure = text.starts_with("wss://");
  if (!is_secure && !text.starts_with("ws://")) return "";
  const auto page = parse_origin((is_secure ? "https://" : "http://") + std::string(text.substr(text.find("//") + 2)));
  return page ? ": a browser names the page that opens the WebSocket: write " + page->text() : "";
}

}  // namespace

Result<Origin> parse_page_origin(std::string_view text) {
  constexpr std::string_view kNoPages[] = {"http", "https", "ws", "wss", "unix", "data", "blob", "javascript", "about"};
  const std::size_t end = text.find("://");
  const std::string_view scheme = text.substr(0, end);
  const bool is_scheme = end != text.npos && !scheme.empty() && scheme.front() >= 'a' && scheme.front() <= 'z' &&
                         ascii_lower(scheme) == scheme && all_of(scheme, "+-.");
  if (!is_scheme || std::find(std::begin(kNoPages), std::end(kNoPages), scheme) != std::end(kNoPages)) {
    const std::string hint = no_page_hint(text);
    if (!hint.empty()) return fail(expected("an origin such as https://app.example.com", text).message + hint);
    return parse_config_origin(text);
  }
  const std::string_view host = text.substr(end + 3);
  const bool is_host_of_page = host.empty() ? scheme == "file" : host == "*" || all_of(host, "-._");
  if (host.size() <= 253 && is_host_of_page) return Origin{std::string(scheme), std::string(host), 0};
  return expected(
      "an origin such as https://app.example.com, or of an extension or app as chrome-extension://ID, without "
      "a path",
      text);
}

bool is_token(std::string_view text) { return all_of(text, "!#$%&'*+-.^_`|~"); }

bool is_host(std::string_view text) {
  if (text.size() > 2 && text.front() == '[' && text.back() == ']')
    return is_ip_literal(text.substr(1, text.size() - 2));
  if (text.size() > 253 || !all_of(text, "-._") || text.front() == '.' || text.back() == '.') return false;
  return text.find("..") == std::string_view::npos && ascii_lower(text) == text;
}

Result<Secret> parse_session_secret(std::string_view text) {
  static constexpr std::string_view kWhat =
      "expected base64 of 32 bytes or more (the value is not shown); `logto-proxy secret` prints one";
  constexpr std::size_t kMinBytes = 32;
  std::string plain(text);
  while (!plain.empty() && plain.back() == '=' && text.size() - plain.size() < 2) plain.pop_back();
  std::replace(plain.begin(), plain.end(), '+', '-');
  std::replace(plain.begin(), plain.end(), '/', '_');
  auto bytes = base64url_decode(plain);
  const bool padded_wrongly = text.size() != plain.size() && text.size() % 4 != 0;
  if (!bytes || padded_wrongly) return fail(std::string(kWhat) + " (this is no base64)");
  if (bytes->size() < kMinBytes)
    return fail(std::string(kWhat) + " (this one has " + std::to_string(bytes->size()) + ")");
  if (is_guessable(text) || is_guessable(*bytes)) return fail(std::string(kGuessable));
  return Secret(std::move(*bytes));
}

Result<std::string> parse_with(std::string_view text) {
  const auto colon = text.find(':');
  const auto kind = text.substr(0, colon);
  const bool good = colon != std::string_view::npos && (kind == "social" || kind == "sso") &&
                    all_of(text.substr(colon + 1), "._-") && text.size() <= 128;
  if (good) return std::string(text);
  std::string meant(text);
  meant.erase(std::remove(meant.begin(), meant.end(), ' '), meant.end());
  if (colon == std::string_view::npos) meant.insert(0, "social:");
  const bool is_known = meant != text && parse_with(meant).ok();
  return fail(expected("social:TARGET (as in social:linkedin) or sso:CONNECTOR_ID", text).message +
              (is_known ? ": write " + meant : ""));
}

Result<std::string> parse_prompt(std::string_view text) {
  const auto all = words(text);
  const auto count = [&](std::string_view word) { return std::count(all.begin(), all.end(), word); };
  const bool known = count("login") + count("consent") + count("none") == static_cast<std::ptrdiff_t>(all.size());
  const bool repeats = count("login") > 1 || count("consent") > 1;
  if (all.empty() || !known || repeats || (count("none") > 0 && all.size() > 1)) {
    return expected("login, consent, 'login consent' or none", text);
  }
  return join(all);
}

Result<std::string> parse_ui_locales(std::string_view text) {
  const auto tags = words(text);
  const auto is_tag = [](const std::string& tag) {
    const auto primary = std::string_view(tag).substr(0, tag.find('-'));
    const bool letters = std::all_of(primary.begin(), primary.end(), [](char c) { return is_alnum(c) && c > '9'; });
    return letters && primary.size() >= 2 && primary.size() <= 8 && tag.size() <= 35 && all_of(tag, "-") &&
           tag.back() != '-' && tag.find("--") == std::string::npos;
  };
  if (tags.empty() || tags.size() > 16 || !std::all_of(tags.begin(), tags.end(), is_tag)) {
    return expected("language tags such as 'ja en' or pt-BR", text);
  }
  return join(tags);
}

Result<std::string> parse_first_screen(std::string_view text) {
  static constexpr std::array<std::string_view, 6> kScreens{
      "sign_in", "register", "reset_password", "identifier:sign_in", "identifier:register", "single_sign_on"};
  if (is_one_of(text, kScreens)) return std::string(text);
  return expected("sign_in, register, reset_password, identifier:sign_in, identifier:register or single_sign_on", text);
}

namespace {

// Parameters of the authorization request that have a rule of their own: no value that could break the protocol may
// come from the configuration, and no value that Logto would refuse.
struct ExtraRule {
  std::string_view name;
  bool (*accepts)(std::string_view value);  // null: set by logto-proxy itself
  std::string_view what;
};

bool is_identifier_list(std::string_view value) {
  const auto all = words(value);
  return !all.empty() && std::all_of(all.begin(), all.end(), [](const std::string& word) {
    return word == "username" || word == "email" || word == "phone";
  });
}
bool is_interaction_mode(std::string_view value) { return value == "signIn" || value == "signUp"; }
bool is_seconds(std::string_view value) { return whole_number(value).has_value(); }
bool is_id(std::string_view value) { return all_of(value, "_-"); }
bool is_text(std::string_view value) { return !value.empty(); }
// RFC 8707: absolute, no fragment.
bool is_absolute_uri(std::string_view value) {
  const auto colon = value.find(':');
  return colon != std::string_view::npos && all_of(value.substr(0, colon), "+-.") && colon + 1 < value.size() &&
         value.find_first_of("# ") == std::string_view::npos;
}

constexpr ExtraRule kExtraRules[] = {
    {"client_id", nullptr, "logto.app_id"},
    {"client_secret", nullptr, "logto.app_secret"},
    {"redirect_uri", nullptr, "external_urls"},
    {"response_type", nullptr, ""},
    {"response_mode", nullptr, ""},
    {"scope", nullptr, "logto.scopes"},
    {"state", nullptr, ""},
    {"nonce", nullptr, ""},
    {"code_challenge", nullptr, ""},
    {"code_challenge_method", nullptr, ""},
    {"prompt", nullptr, "sign_in.prompt"},
    {"direct_sign_in", nullptr, "sign_in.with"},
    {"first_screen", nullptr, "sign_in.first_screen"},
    {"ui_locales", nullptr, "sign_in.ui_locales"},
    {"request", nullptr, ""},
    {"request_uri", nullptr, ""},
    {"registration", nullptr, ""},
    {"claims", nullptr, ""},
    {"id_token_hint", nullptr, ""},
    {"dpop_jkt", nullptr, ""},
    {"identifier", is_identifier_list, "a list of username, email and phone"},
    {"interaction_mode", is_interaction_mode, "signIn or signUp"},
    {"max_age", is_seconds, "a whole number of seconds"},
    {"organization_id", is_id, "an organization's id"},
    {"login_hint", is_text, "a text"},
    {"one_time_token", is_text, "a token"},
    {"resource", is_absolute_uri, "an absolute URI without a fragment"},
};

bool has_control(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace

Result<void> check_extra_parameter(std::string_view name, std::string_view value) {
  if (!all_of(name, "_.-") || name.size() > 64) return expected("a parameter name", name);
  if (has_control(value)) return fail("expected a text without control characters");
  for (const auto& rule : kExtraRules) {
    if (rule.name != name) continue;
    if (rule.accepts != nullptr && rule.accepts(value)) return {};
    if (rule.accepts != nullptr) return expected(rule.what, value);
    if (rule.what.empty()) return fail("this parameter belongs to logto-proxy and cannot be set");
    return fail("this parameter has a key of its own: " + std::string(rule.what));
  }
  return {};
}

}  // namespace lp
