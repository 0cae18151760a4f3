#include "config/options/tls_options.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/certificate.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "config/options/binding.h"
#include "config/options/option_bindings.h"
#include "config/value.h"

namespace lp {
namespace {

constexpr std::string_view kFilesForm = "{ certificate_file: FILE, key_file: FILE }";
constexpr std::int64_t kSoonS = 7 * 24 * 60 * 60;

// Judged as the server will judge them, so that `check` says it first.
void judge_files(const Node& node, const Reading& reading, const CertificateFiles& files) {
  const std::int64_t now_s = SystemClock().unix_s();
  const auto certificate = read_certificate(files.certificate, files.key, now_s);
  if (!certificate) return reading.problem(node, certificate.error().message);
  if (certificate->others_may_read_key)
    reading.report.warning(reading.key, "anybody on this machine may read " + files.key + ": chmod o-r");
  if (const std::int64_t left_s = certificate->not_after_s - now_s; left_s < kSoonS) {
    reading.report.warning(reading.key, "the certificate in " + files.certificate + " expires in " +
                                            std::to_string(left_s / 3600) + " hours");
  }
}

void read_certificate_files(const Node& node, const Reading& reading, CertificateFiles& files) {
  if (!node.is_map())
    return reading.problem(node, "expected " + std::string(kFilesForm) + ", found " + node.describe());
  for (const Entry& entry : node.entries) {
    const bool is_key = entry.key == "key_file";
    if (!is_key && entry.key != "certificate_file") {
      return reading.report.problem_at(entry.mark, reading.key + "." + entry.key,
                                       "unknown key: expected " + std::string(kFilesForm));
    }
    const auto* name = scalar_text(entry.value, reading);
    if (name != nullptr) (is_key ? files.key : files.certificate) = resolve_file(reading.folder, *name);
  }
  if (node.find("certificate_file") == nullptr || node.find("key_file") == nullptr)
    return reading.problem(node, "expected both certificate_file and key_file, which may be one and the same");
  if (!files.certificate.empty() && !files.key.empty()) judge_files(node, reading, files);
}

Node node_of_files(const CertificateFiles& files) {
  Node map = Node::empty_map();
  map.entries.push_back({"certificate_file", {}, Node::scalar(files.certificate)});
  map.entries.push_back({"key_file", {}, Node::scalar(files.key)});
  return map;
}

Binding certificates_binding() {
  return {[](const Node& node, const Reading& reading) {
            std::vector<CertificateFiles>& all = reading.scope.listen->tls.certificates;
            if (!node.is_list()) return read_certificate_files(node, reading, all.emplace_back());
            if (node.items.empty()) return reading.problem(node, "expected at least one certificate");
            for (const Node& item : node.items) read_certificate_files(item, reading, all.emplace_back());
          },
          [](const Scope& scope) {
            Node list;
            if (scope.listen->tls.certificates.empty()) return list;
            list.kind = Node::Kind::list;
            for (const CertificateFiles& one : scope.listen->tls.certificates) list.items.push_back(node_of_files(one));
            return list;
          }};
}

Binding client_certificate_binding() {
  return {[](const Node& node, const Reading& reading) {
            read_certificate_files(node, reading, reading.scope.upstream->tls.certificate);
          },
          [](const Scope& scope) {
            const CertificateFiles& files = scope.upstream->tls.certificate;
            return files.certificate.empty() ? Node() : node_of_files(files);
          }};
}

Binding hsts_binding() {
  return {[](const Node& node, const Reading& reading) {
            const auto* text = scalar_text(node, reading);
            if (text == nullptr) return;
            const auto time = *text == "off" ? Result<std::int64_t>(std::int64_t{0}) : parse_duration(*text);
            const bool in_range = time && *time >= reading.option.min && *time <= reading.option.max;
            if (*text != "off" && !in_range)
              return reading.problem(node, expected("off or a duration from 1m to 1461d", *text).message);
            reading.scope.listen->tls.hsts_ms = *time;
          },
          [](const Scope& scope) {
            const std::int64_t ms = scope.listen->tls.hsts_ms;
            return Node::scalar(ms == 0 ? "off" : format_duration(ms));
          }};
}

// As OpenSSL will read it.
Binding authorities_binding() {
  const Binding file = ca_file_binding(LP_FIELD(upstream->tls.ca_file));
  return {[read = file.read](const Node& node, const Reading& reading) {
            read(node, reading);
            const std::string& path = reading.scope.upstream->tls.ca_file;
            if (path.empty()) return;
            const auto text = read_file_bytes(path);
            if (text && count_certificates(*text) == 0)
              reading.problem(node, "no certificate can be read from '" + path + "'");
          },
          file.print};
}

Result<std::string> parse_server_name(std::string_view text) {
  const std::string name = ascii_lower(text);
  if (is_ip_literal(name) || is_host(name)) return name;
  return expected("a host name such as wiki.example.com, without a port", text);
}

}  // namespace

void add_listen_tls_options(std::vector<Option>& table) {
  table.push_back({"listen[].tls.certificates", "a list of maps of certificate_file and key_file", "null", 0, 0,
                   kNarrows, "PEM files, the certificate with its chain; the one whose names match is shown.",
                   certificates_binding()});
  table.push_back({"listen[].tls.min_version", "1.2 or 1.3", "1.2", 0, 0, kPlain, "The oldest TLS that is spoken.",
                   choice<TlsVersion>(LP_FIELD(listen->tls.min_version),
                                      {{"1.2", TlsVersion::tls_1_2}, {"1.3", TlsVersion::tls_1_3}})});
  table.push_back({"listen[].tls.hsts", "off or a duration", "off", kMinute, 1461 * kDay, kPlain,
                   "For how long browsers must not ask this host without TLS (Strict-Transport-Security).",
                   hsts_binding()});
  table.push_back({"listen[].tls.hsts_subdomains", "true or false", "false", 0, 0, kPlain,
                   "With hsts: nor any host below it.", boolean(LP_FIELD(listen->tls.hsts_subdomains))});
  table.push_back({"listen[].redirect_to_https", "true or false", "false", 0, 0, kNarrows,
                   "All that comes here is sent to the same address under https, and nothing else.",
                   boolean(LP_FIELD(listen->redirect_to_https))});
  table.push_back({"listen[].proxy_protocol", "true or false", "false", 0, 0, kPlain,
                   "Each connection comes from trusted_proxies and begins with who is behind it (PROXY protocol).",
                   boolean(LP_FIELD(listen->proxy_protocol))});
  table.push_back({"listen[].http2", "true or false", "true", 0, 0, kPlain,
                   "With tls: clients may speak HTTP/2, as they say in the handshake.",
                   boolean(LP_FIELD(listen->http2))});
  table.push_back({"listen[].h2c", "true or false", "false", 0, 0, kPlain,
                   "Without tls: connections may begin with HTTP/2 (prior knowledge).",
                   boolean(LP_FIELD(listen->h2c))});
}

void add_upstream_tls_options(std::vector<Option>& table) {
  table.push_back({"upstreams.*.tls.ca_file", "a file", "null", 0, 0, kNarrows,
                   "Of https://: authorities (PEM) that vouch for the app; null: the system's.",
                   authorities_binding()});
  table.push_back({"upstreams.*.tls.server_name", "a host name", "null", 0, 0, kPlain,
                   "Whom its certificate must be for, and what is asked for by SNI; null: the host of url.",
                   text(LP_FIELD(upstream->tls.server_name), parse_server_name)});
  table.push_back({"upstreams.*.tls.client_certificate", "a map of certificate_file and key_file", "null", 0, 0, kPlain,
                   "What we show the app, where it wants to know who asks.", client_certificate_binding()});
  table.push_back({"upstreams.*.tls.insecure_skip_verify", "true or false", "false", 0, 0, kPlain,
                   "Any certificate will do: whoever is in between reads and changes everything.",
                   boolean(LP_FIELD(upstream->tls.insecure_skip_verify))});
}

}  // namespace lp
