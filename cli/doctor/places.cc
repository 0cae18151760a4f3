#include "cli/doctor/places.h"

#include <arpa/inet.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

#include "base/errno_words.h"
#include "base/url.h"
#include "config/check/loopback.h"
#include "config/value.h"

namespace lp {
namespace {

using Level = DoctorFinding::Level;

std::string octal(unsigned mode) {
  char text[8] = {};
  std::snprintf(text, sizeof text, "%04o", mode & 07777U);
  return text;
}

struct Block {
  std::array<std::uint8_t, 4> address;
  int bits;
};

// RFC 6890, as far as nobody on the internet is there.
constexpr Block kNotPublic[] = {{{0, 0, 0, 0}, 8},       {{10, 0, 0, 0}, 8},     {{100, 64, 0, 0}, 10},
                                {{127, 0, 0, 0}, 8},     {{169, 254, 0, 0}, 16}, {{172, 16, 0, 0}, 12},
                                {{192, 0, 2, 0}, 24},    {{192, 168, 0, 0}, 16}, {{198, 18, 0, 0}, 15},
                                {{198, 51, 100, 0}, 24}, {{203, 0, 113, 0}, 24}, {{224, 0, 0, 0}, 3}};

std::uint32_t number_of(const std::uint8_t* bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 | bytes[3];
}

bool is_public_ipv4(const std::uint8_t* bytes) {
  const std::uint32_t address = number_of(bytes);
  return std::none_of(std::begin(kNotPublic), std::end(kNotPublic), [&](const Block& block) {
    return ((address ^ number_of(block.address.data())) >> (32 - block.bits)) == 0;
  });
}

bool is_everywhere(const std::string& host) { return host == "0.0.0.0" || host == "::"; }

std::string text_of_file(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

DoctorFinding judge_mode(const SecretFile& file, unsigned mode) {
  const std::string what = file.key + ": " + file.path + " ";
  if ((mode & 0022U) != 0)
    return {Level::failure, "secret_file", what + "can be replaced by others", "chmod 600 " + file.path,
            "mode " + octal(mode)};
  if ((mode & 0004U) != 0)
    return {Level::warning, "secret_file", what + "can be read by every user of this machine",
            "chmod 600 " + file.path + " (in a container of its own nobody else is there)", "mode " + octal(mode)};
  return {Level::ok, "secret_file", what + "is readable by its owner" + ((mode & 0040U) != 0 ? " and group" : "")};
}

std::vector<DoctorFinding> judge_secret_files(const Settings& settings) {
  std::vector<DoctorFinding> all;
  for (const SecretFile& file : settings.secret_files) {
    struct stat about {};
    if (::stat(file.path.c_str(), &about) == 0) {
      all.push_back(judge_mode(file, about.st_mode & 07777U));
    } else {
      all.push_back(
          {Level::failure, "secret_file", file.key + ": " + file.path + ": " + errno_words(errno), "put it there"});
    }
  }
  return all;
}

std::vector<DoctorFinding> judge_admin(const Settings& settings) {
  const ListenSettings& admin = settings.admin;
  if (admin.kind == ListenSettings::Kind::unix_socket) return {};
  const std::string what = "admin.listen " + format_listen(admin);
  if (is_everywhere(admin.host))
    return {{Level::warning, "admin", what + " is on every address of this machine",
             "let it listen on 127.0.0.1, unless a firewall or a container's network keeps others away: it asks nobody "
             "who they are"}};
  if (is_public_address(admin.host))
    return {{Level::failure, "admin", what + " is on a public address",
             "let it listen on 127.0.0.1: it asks nobody who they are"}};
  return {{Level::ok, "admin", what + " is not public"}};
}

bool is_public_address(std::string_view ip) {
  const std::string text(ip);
  std::array<std::uint8_t, 16> bytes{};
  if (::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return is_public_ipv4(bytes.data());
  if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return false;
  constexpr std::array<std::uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::equal(kMapped.begin(), kMapped.end(), bytes.begin())) return is_public_ipv4(bytes.data() + 12);
  const bool is_documentation = bytes[0] == 0x20 && bytes[1] == 0x01 && bytes[2] == 0x0d && bytes[3] == 0xb8;
  return (bytes[0] & 0xe0U) == 0x20 && !is_documentation;  // 2000::/3 (RFC 4291 2.4)
}

// "  0: 00000000:0BB8 00000000:0000 0A ...": local address, remote one, state; 0A listens.
bool listens_everywhere(std::string_view proc_net_tcp, unsigned port) {
  char wanted[8] = {};
  std::snprintf(wanted, sizeof wanted, ":%04X", port);
  std::istringstream lines{std::string(proc_net_tcp)};
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields(line);
    std::string number, local, remote, state;
    if (!(fields >> number >> local >> remote >> state) || state != "0A") continue;
    const std::size_t colon = local.rfind(':');
    if (colon == std::string::npos || local.substr(colon) != wanted) continue;
    if (local.find_first_not_of('0') == colon) return true;
  }
  return false;
}

std::vector<DoctorFinding> judge_app_ports(const Settings& settings) {
  std::vector<DoctorFinding> all;
  const std::string tables = text_of_file("/proc/net/tcp") + text_of_file("/proc/net/tcp6");
  for (const auto& [name, upstream] : settings.upstreams) {
    if (upstream.kind != UpstreamSettings::Kind::tcp) continue;
    const std::string what = "upstreams." + name + " (" + format_upstream_url(upstream) + ")";
    if (is_public_address(upstream.host)) {
      all.push_back({Level::warning, "app_port", what + " is on a public address",
                     "let a firewall admit the proxy alone: whoever reaches the app there is not asked to sign in"});
    } else if (is_loopback(upstream.host) && listens_everywhere(tables, upstream.port)) {
      all.push_back({Level::warning, "app_port", what + " listens on every address of this machine",
                     "let the app listen on 127.0.0.1: whoever reaches it around the proxy is not asked to sign in"});
    }
  }
  return all;
}

std::vector<DoctorFinding> judge_schemes(const Settings& settings) {
  std::vector<DoctorFinding> all;
  const auto judge = [&](const Origin& origin, const std::string& key, const std::string& harm) {
    if (origin.is_https() || is_loopback(origin.host)) return;
    all.push_back({Level::warning, "scheme", key + " " + origin.text() + " is not https", harm});
  };
  for (const Origin& external : settings.external_urls)
    judge(external, "external_urls",
          "give it TLS (listen[].tls, or a terminator in front), and write https: whoever is on the way can take over "
          "sessions");
  judge(settings.logto.endpoint, "logto.endpoint", "give Logto TLS: whoever is on the way can sign in as anybody");
  return all;
}

}  // namespace lp
