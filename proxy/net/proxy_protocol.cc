#include "proxy/net/proxy_protocol.h"

#include <algorithm>
#include <charconv>

#include "proxy/net/ip_address.h"

namespace lp {
namespace {

using Kind = ProxyHeader::Kind;

constexpr std::string_view kText = "PROXY ";
constexpr std::string_view kBinary("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kMostText = 107;  // with its line end
constexpr std::size_t kBinaryHead = 16;

bool is_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool has_extra_zero = text.size() > 1 && text.front() == '0';
  return !text.empty() && error == std::errc() && end == text.data() + text.size() && port <= 65535 && !has_extra_zero;
}

// Up to the next blank; the rest stays in `text`.
std::string_view word_of(std::string_view& text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

ProxyHeader of_line(std::string_view line, std::size_t bytes) {
  line.remove_prefix(kText.size());
  const std::string_view family = word_of(line);
  if (family == "UNKNOWN") return {Kind::complete, bytes, kUnknownClient};
  if (family != "TCP4" && family != "TCP6") return {};
  const bool ends_with_blank = line.ends_with(' ');
  const std::string_view source_text = word_of(line);
  const std::string_view target_text = word_of(line);
  const auto source = parse_ip(source_text);
  const auto target = parse_ip(target_text);
  const auto is_of_family = [&](std::string_view text) {
    return (text.find(':') == std::string_view::npos) == (family == "TCP4");
  };
  const bool has_ports = is_port(word_of(line)) && is_port(word_of(line)) && line.empty() && !ends_with_blank;
  if (!source || !target || !has_ports || !is_of_family(source_text) || !is_of_family(target_text)) return {};
  return {Kind::complete, bytes, ip_text(*source)};
}

ProxyHeader of_text(std::string_view bytes) {
  const std::string_view looked_at = bytes.substr(0, kMostText);
  const std::size_t end = looked_at.find('\n');
  if (end == std::string_view::npos) return {bytes.size() < kMostText ? Kind::need_more : Kind::bad};
  if (end == 0 || looked_at[end - 1] != '\r') return {};
  return of_line(looked_at.substr(0, end - 1), end + 1);
}

std::uint8_t byte_at(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }

ProxyHeader of_binary(std::string_view bytes) {
  if (bytes.size() < kBinaryHead) return {Kind::need_more};
  constexpr std::uint8_t kLocal = 0x20, kProxied = 0x21;
  constexpr std::uint8_t kUnspecified = 0x00, kTcp4 = 0x11, kTcp6 = 0x21, kUnix = 0x31;
  const std::uint8_t command = byte_at(bytes, 12);
  const std::uint8_t family = byte_at(bytes, 13);
  const std::size_t whole = kBinaryHead + (static_cast<std::size_t>(byte_at(bytes, 14)) << 8U | byte_at(bytes, 15));
  if ((command != kLocal && command != kProxied) || whole > kMostProxyHeader) return {};
  if (bytes.size() < whole) return {Kind::need_more};
  if (command == kLocal) return {Kind::complete, whole};
  if (family == kUnspecified || family == kUnix) return {Kind::complete, whole, kUnknownClient};
  const std::size_t size = family == kTcp4 ? 4 : 16;
  if ((family != kTcp4 && family != kTcp6) || whole < kBinaryHead + 2 * size + 4) return {};
  IpAddress source{};
  if (family == kTcp4) source[10] = source[11] = 0xff;
  const std::string_view raw = bytes.substr(kBinaryHead, size);
  std::transform(raw.begin(), raw.end(), source.end() - static_cast<std::ptrdiff_t>(size),
                 [](char c) { return static_cast<std::uint8_t>(c); });
  return {Kind::complete, whole, ip_text(source)};
}

}  // namespace

ProxyHeader read_proxy_header(std::string_view bytes) {
  const auto begins_as = [bytes](std::string_view signature) {
    const std::size_t known = std::min(bytes.size(), signature.size());
    return bytes.substr(0, known) == signature.substr(0, known);
  };
  if (begins_as(kBinary)) return of_binary(bytes);
  if (!begins_as(kText)) return {};
  return bytes.size() < kText.size() ? ProxyHeader{Kind::need_more} : of_text(bytes);
}

}  // namespace lp
