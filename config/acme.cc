#include "config/acme.h"

#include <algorithm>

#include "base/encoding.h"
#include "config/host_pattern.h"
#include "config/value.h"

namespace lp {
namespace {

constexpr std::string_view kHttps = "https://";
constexpr std::string_view kInNames = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
constexpr std::string_view kOwnFolder = "private";  // uacme's, beside those of hosts

void add_hosts(const std::vector<Origin>& urls, const std::optional<Origin>& sign_in, std::vector<std::string>& all) {
  const auto add = [&all](const Origin& url) {
    if (url.is_https() && std::find(all.begin(), all.end(), url.host) == all.end()) all.push_back(url.host);
  };
  for (const Origin& url : urls) add(url);
  if (sign_in) add(*sign_in);
}

bool is_local(std::string_view host) { return host == "localhost" || host.ends_with(".localhost"); }

}  // namespace

const AcmeSettings* acme_of(const Settings& settings) {
  const auto found = std::find_if(settings.listen.begin(), settings.listen.end(),
                                  [](const ListenSettings& one) { return one.tls.acme.is_on(); });
  return found == settings.listen.end() ? nullptr : &found->tls.acme;
}

std::vector<std::string> https_hosts(const Settings& settings) {
  std::vector<std::string> all;
  add_hosts(settings.external_urls, settings.sign_in_url, all);
  for (const RealmSettings& realm : settings.realms) add_hosts(realm.external_urls, realm.sign_in_url, all);
  return all;
}

std::string why_no_certificate_for(std::string_view host) {
  if (is_wildcard(host)) return "a wildcard can only be proven by records in DNS, which is not done here";
  if (host.starts_with("[") || is_ip_literal(host)) return "an address is no name";
  if (is_local(host)) return "it is nobody's name outside this machine";
  return host == kOwnFolder ? "files of that name are uacme's own" : "";
}

std::vector<std::string> hosts_with_acme(const Settings& settings) {
  std::vector<std::string> all = https_hosts(settings);
  std::erase_if(all, [](const std::string& host) { return !why_no_certificate_for(host).empty(); });
  return all;
}

std::string acme_folder(const AcmeSettings& settings) {
  std::string name = settings.directory.substr(settings.directory.starts_with(kHttps) ? kHttps.size() : 0);
  for (char& c : name) c = kInNames.find(c) == kInNames.npos ? '_' : c;
  if (name.starts_with('.')) name.front() = '_';
  return settings.state_dir + "/" + name;
}

CertificateFiles acme_files(const AcmeSettings& settings, std::string_view host) {
  const std::string folder = acme_folder(settings);
  return {folder + "/" + std::string(host) + "/cert.pem", folder + "/private/" + std::string(host) + "/key.pem"};
}

}  // namespace lp
