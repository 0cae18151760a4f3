#include "config/options/tls_options.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/certificate.h"
#include "base/client_trust.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "base/url.h"
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

// Nothing where there is none.
template <class Values, class NodeOf>
Node list_of(const Values& values, NodeOf node_of) {
  Node list;
  if (values.empty()) return list;
  list.kind = Node::Kind::list;
  for (const auto& one : values) list.items.push_back(node_of(one));
  return list;
}

Binding certificates_binding() {
  return {[](const Node& node, const Reading& reading) {
            std::vector<CertificateFiles>& all = reading.scope.listen->tls.certificates;
            if (!node.is_list()) return read_certificate_files(node, reading, all.emplace_back());
            if (node.items.empty()) return reading.problem(node, "expected at least one certificate");
            for (const Node& item : node.items) read_certificate_files(item, reading, all.emplace_back());
          },
          [](const Scope& scope) { return list_of(scope.listen->tls.certificates, node_of_files); }};
}

using ClientMode = ClientCertificateSettings::Mode;

constexpr std::string_view kClientsForm =
    "{ mode: optional or required, ca_file: FILE, crl_file: FILE, hosts: [HOST] }";

Result<std::string> parse_asked_host(std::string_view text) {
  const std::string name = ascii_lower(text);
  if (is_host(name.starts_with("*.") ? std::string_view(name).substr(2) : name) && !is_ip_literal(name)) return name;
  return expected("a host such as admin.example.com or *.example.com, which TLS clients ask for by name", text);
}

void read_client_mode(const Node& node, const Reading& reading, ClientCertificateSettings& clients) {
  const auto* text = scalar_text(node, reading);
  if (text == nullptr) return;
  if (*text != "optional" && *text != "required")
    return reading.problem(node, expected("optional or required", *text).message);
  clients.mode = *text == "optional" ? ClientMode::optional : ClientMode::required;
}

void read_asked_hosts(const Node& node, const Reading& reading, ClientCertificateSettings& clients) {
  if (node.is_list() && node.items.empty()) return reading.problem(node, "expected at least one host");
  for (const Node* item : list_items(node, reading)) {
    const auto* text = scalar_text(*item, reading);
    if (text == nullptr) continue;
    auto host = parse_asked_host(*text);
    if (!host) {
      reading.problem(*item, host.error().message);
    } else {
      clients.hosts.push_back(std::move(*host));
    }
  }
}

// As the server will.
void judge_clients(const Node& node, const Reading& reading, const ClientCertificateSettings& clients) {
  const auto trust = read_client_trust(clients.ca_file, clients.crl_file, SystemClock().unix_s());
  if (!trust) return reading.problem(node, trust.error().message);
  if (trust->expired_lists.empty()) return;
  reading.report.warning(reading.key, "a revocation list in " + clients.crl_file +
                                          " has expired: no certificate of its authority is accepted");
}

void read_client_key(const Entry& entry, const Reading& reading, ClientCertificateSettings& clients) {
  if (entry.key == "mode") return read_client_mode(entry.value, reading, clients);
  if (entry.key == "hosts") return read_asked_hosts(entry.value, reading, clients);
  if (entry.key != "ca_file" && entry.key != "crl_file")
    return reading.report.problem_at(entry.mark, reading.key, "unknown key: expected " + std::string(kClientsForm));
  const auto* name = scalar_text(entry.value, reading);
  if (name != nullptr)
    (entry.key == "ca_file" ? clients.ca_file : clients.crl_file) = resolve_file(reading.folder, *name);
}

void read_clients(const Node& node, const Reading& reading) {
  if (!node.is_map())
    return reading.problem(node, "expected " + std::string(kClientsForm) + ", found " + node.describe());
  ClientCertificateSettings clients;
  for (const Entry& entry : node.entries) {
    const std::string key = reading.key + "." + entry.key;
    read_client_key(entry, {reading.option, reading.scope, key, reading.folder, reading.report}, clients);
  }
  if (node.find("ca_file") == nullptr)
    reading.problem(node, "expected ca_file: the authorities whose certificates clients may show");
  if (!clients.ca_file.empty()) judge_clients(node, reading, clients);
  reading.scope.listen->tls.client_certificates.push_back(std::move(clients));
}

Node node_of_clients(const ClientCertificateSettings& clients) {
  Node map = Node::empty_map();
  map.entries.push_back({"mode", {}, Node::scalar(clients.mode == ClientMode::optional ? "optional" : "required")});
  map.entries.push_back({"ca_file", {}, Node::scalar(clients.ca_file)});
  if (!clients.crl_file.empty()) map.entries.push_back({"crl_file", {}, Node::scalar(clients.crl_file)});
  if (!clients.hosts.empty()) map.entries.push_back({"hosts", {}, Node::list(clients.hosts)});
  return map;
}

Binding clients_binding() {
  return {[](const Node& node, const Reading& reading) {
            if (!node.is_list()) return read_clients(node, reading);
            if (node.items.empty()) return reading.problem(node, "expected " + std::string(kClientsForm));
            for (const Node& item : node.items) read_clients(item, reading);
          },
          [](const Scope& scope) { return list_of(scope.listen->tls.client_certificates, node_of_clients); }};
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

// Stands in a JSON text that uacme makes without escaping it.
Result<std::string> parse_email(std::string_view text) {
  constexpr std::string_view kOfNames = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
  const std::size_t at = text.find('@');
  const bool is_one = at != text.npos && at > 0 && at + 1 < text.size() && text.front() != '-' && text.size() <= 254 &&
                      text.substr(0, at).find_first_not_of(std::string(kOfNames) + "_+%") == text.npos &&
                      text.substr(at + 1).find_first_not_of(kOfNames) == text.npos;
  return is_one ? Result<std::string>(std::string(text)) : expected("an address such as you@example.com", text);
}

// Becomes an argument of a program, and the name of a folder.
Result<std::string> parse_acme_directory(std::string_view text) {
  constexpr std::size_t kMost = 200;
  const bool is_plain = text.size() <= kMost && text.find_first_of("\"'\\ <>?#") == text.npos;
  const auto url = parse_url(text);
  if (!is_plain || !url || !url->origin.is_https()) return expected("an https:// URL of an ACME directory", text);
  return std::string(text);
}

Result<std::string> parse_server_name(std::string_view text) {
  const std::string name = ascii_lower(text);
  if (is_ip_literal(name) || is_host(name)) return name;
  return expected("a host name such as wiki.example.com, without a port", text);
}

void add_acme_options(std::vector<Option>& table) {
  table.push_back({"listen[].tls.acme.agree_tos", "true", "false", 0, 0, kNarrows,
                   "That you agree with the authority's terms of service; certificates come by themselves then.",
                   boolean(LP_FIELD(listen->tls.acme.agree_tos))});
  table.push_back({"listen[].tls.acme.email", "an address", "null", 0, 0, kPlain, "Told to the authority; null: none.",
                   text(LP_FIELD(listen->tls.acme.email), parse_email)});
  table.push_back({"listen[].tls.acme.directory", "an https:// URL", "https://acme-v02.api.letsencrypt.org/directory",
                   0, 0, kPlain, "Of the authority (RFC 8555), Let's Encrypt unless another is named.",
                   text(LP_FIELD(listen->tls.acme.directory), parse_acme_directory)});
  table.push_back({"listen[].tls.acme.ca_file", "a file", "null", 0, 0, kNarrows,
                   "Authorities (PEM) that vouch for the directory's host, for one of your own; null: the system's.",
                   ca_file_binding(LP_FIELD(listen->tls.acme.ca_file))});
  table.push_back({"listen[].tls.acme.state_dir", "a folder", "/var/lib/logto-proxy/acme", 0, 0, kPlain,
                   "Keys and certificates: must outlive the process, and be read by nobody else.",
                   path_binding(LP_FIELD(listen->tls.acme.state_dir))});
  table.push_back({"listen[].tls.acme.self_signed_meanwhile", "true or false", "false", 0, 0, kPlain,
                   "Until the first certificate is there, one that browsers warn of; false: no TLS for that host.",
                   boolean(LP_FIELD(listen->tls.acme.self_signed_meanwhile))});
}

constexpr int kMostMode = 0777;

Binding mode_binding() {
  return {[](const Node& node, const Reading& reading) {
            const auto* text = scalar_text(node, reading);
            if (text == nullptr) return;
            int mode = 0;
            const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), mode, 8);
            const bool is_whole = error == std::errc() && end == text->data() + text->size();
            if (!is_whole || text->size() < 3 || mode < 0 || mode > kMostMode)
              return reading.problem(node, expected("an octal mode such as \"0660\"", *text).message);
            reading.scope.listen->mode = mode;
          },
          [](const Scope& scope) {
            const int mode = scope.listen->mode;
            if (mode < 0) return Node();
            const auto digit = [mode](int place) {
              return std::string(1, static_cast<char>('0' + (mode >> place & 7)));
            };
            return Node::scalar("0" + digit(6) + digit(3) + digit(0));
          }};
}

Result<std::string> parse_group(std::string_view text) {
  const auto is_plain = [](char c) { return c > ' ' && c < 0x7f && c != ':' && c != '/'; };
  if (!text.empty() && std::all_of(text.begin(), text.end(), is_plain)) return std::string(text);
  return expected("the name or the number of a group", text);
}

}  // namespace

void add_listen_tls_options(std::vector<Option>& table) {
  table.push_back({"listen[].tls.certificates", "a list of maps of certificate_file and key_file", "null", 0, 0,
                   kNarrows, "PEM files, the certificate with its chain; the one whose names match is shown.",
                   certificates_binding()});
  add_acme_options(table);
  table.push_back({"listen[].tls.client_certificates", "a map of mode, ca_file, crl_file and hosts, or a list of them",
                   "null", 0, 0, kNarrows, "Whose certificates clients may show, or must; rules ask for them.",
                   clients_binding()});
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
  table.push_back({"acme_webroot", "a directory", "null", 0, 0, kPlain,
                   "Where certbot or another ACME client puts .well-known/acme-challenge; answered on every listener.",
                   directory_binding(LP_FIELD(settings->acme_webroot))});
  table.push_back({"listen[].mode", "an octal mode such as 0660", "null", 0, 0, kNarrows,
                   "Of a unix socket's file: who may connect; null: as umask says.", mode_binding()});
  table.push_back({"listen[].group", "a group", "null", 0, 0, kPlain, "Of a unix socket's file, by name or number.",
                   text(LP_FIELD(listen->group), parse_group)});
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
