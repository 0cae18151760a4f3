#include "proxy/server/certificates.h"

#include <sys/stat.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "config/acme.h"

namespace lp {
namespace {

constexpr std::int64_t kSoonS = 7 * 24 * 60 * 60;
constexpr std::string_view kNoFile = "none";

// Replaced by a rename, or written in place: either changes one of these.
std::string stamp_of(const std::string& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) return std::string(kNoFile);
  return std::to_string(about.st_dev) + " " + std::to_string(about.st_ino) + " " + std::to_string(about.st_size) + " " +
         std::to_string(about.st_mtim.tv_sec) + "." + std::to_string(about.st_mtim.tv_nsec);
}

bool is_named_in(const std::vector<Certificate>& certificates, const std::string& host) {
  return std::any_of(certificates.begin(), certificates.end(), [&host](const Certificate& one) {
    return std::any_of(one.names.begin(), one.names.end(),
                       [&host](const std::string& name) { return certificate_name_matches(name, host); });
  });
}

std::string words_for_missing(const AcmeSettings& acme) {
  return std::string("no certificate has come for a host yet: ") +
         (acme.self_signed_meanwhile ? "a self-signed one is shown until there is one"
                                     : "TLS is refused for it until there is one");
}

bool are_same(const std::vector<Secret>& one, const std::vector<Secret>& other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [](const Secret& a, const Secret& b) { return a.equals(b.reveal()); });
}

}  // namespace

ListenerCertificates::ListenerCertificates(const Settings& settings, const Clock& clock, Log& log)
    : settings_(settings), listen_(settings.listen), clock_(clock), log_(log) {
  for (const ListenSettings& one : listen_) {
    for (const CertificateFiles& files : one.tls.certificates) {
      files_.push_back(files.certificate);
      files_.push_back(files.key);
    }
    for (const ClientCertificateSettings& clients : one.tls.client_certificates) {
      files_.push_back(clients.ca_file);
      if (!clients.crl_file.empty()) files_.push_back(clients.crl_file);
    }
  }
}

Result<ListenerCertificates::OfFiles> ListenerCertificates::read_named() const {
  OfFiles all;
  for (const ListenSettings& one : listen_) {
    std::vector<Certificate>& of_listener = all.certificates.emplace_back();
    std::vector<ClientTrust>& clients_of_listener = all.clients.emplace_back();
    for (const CertificateFiles& files : one.tls.certificates) {
      auto read = read_certificate(files.certificate, files.key, clock_.unix_s());
      if (!read) return read.error();
      of_listener.push_back(std::move(*read));
    }
    for (const ClientCertificateSettings& clients : one.tls.client_certificates) {
      auto read = read_client_trust(clients.ca_file, clients.crl_file, clock_.unix_s());
      if (!read) return read.error();
      clients_of_listener.push_back(std::move(*read));
    }
  }
  return all;
}

Result<void> ListenerCertificates::read() {
  auto named = read_named();
  if (!named) return named.error();
  warn_of(*named);
  named_ = std::move(*named);
  choose_automatic_hosts();
  read_stamps_ = seen_stamps_ = stamps();
  read_automatic();
  for (const std::string& host : automatic_hosts_) {
    if (automatic_.count(host) == 0) log_.warning(words_for_missing(*acme_of(settings_)), {{"host", host}});
  }
  material_ = std::make_shared<const TlsMaterial>(assembled());
  return {};
}

// Only of a listener's own files: where two have acme, one of them may lack what the other names.
void ListenerCertificates::choose_automatic_hosts() {
  const AcmeSettings* acme = acme_of(settings_);
  if (acme == nullptr) return;
  for (const std::string& host : hosts_with_acme(settings_)) {
    bool is_needed = false;
    for (std::size_t i = 0; i < listen_.size(); ++i)
      is_needed = is_needed || (listen_[i].tls.acme.is_on() && !is_named_in(named_.certificates[i], host));
    if (!is_needed) continue;
    automatic_hosts_.push_back(host);
    const CertificateFiles files = acme_files(*acme, host);
    files_.push_back(files.certificate);
    files_.push_back(files.key);
  }
}

// One that has come to grief in its file is served as it was.
void ListenerCertificates::read_automatic() {
  for (const std::string& host : automatic_hosts_) {
    const AcmeSettings& acme = *acme_of(settings_);
    const CertificateFiles files = acme_files(acme, host);
    const bool is_there = stamp_of(files.certificate) != kNoFile;
    auto read = read_old_certificate(files.certificate, files.key, clock_.unix_s());
    if (read) {
      automatic_[host] = std::move(*read);
      continue;
    }
    if (is_there) log_.error("a certificate that has come cannot be used: " + read.error().message, {{"host", host}});
    if (acme.self_signed_meanwhile && automatic_.count(host) == 0 && self_signed_.count(host) == 0)
      self_signed_.emplace(host, make_self_signed(host, clock_.unix_s()));
  }
}

TlsMaterial ListenerCertificates::assembled() const {
  TlsMaterial made{named_.certificates, std::vector<std::vector<std::string>>(listen_.size()), {}, named_.clients};
  if (material_ != nullptr) made.ticket_secrets = material_->ticket_secrets;
  for (std::size_t i = 0; i < listen_.size(); ++i) {
    if (!listen_[i].tls.acme.is_on()) continue;
    for (const std::string& host : automatic_hosts_) {
      if (is_named_in(named_.certificates[i], host)) continue;
      const auto come = automatic_.find(host);
      const auto meanwhile = self_signed_.find(host);
      if (come != automatic_.end()) {
        made.of_listener[i].push_back(come->second);
      } else if (meanwhile != self_signed_.end()) {
        made.of_listener[i].push_back(meanwhile->second);
      } else {
        made.waiting[i].push_back(host);
      }
    }
  }
  return made;
}

void ListenerCertificates::warn_of(const OfFiles& all) const {
  warn_of_lists(all);
  for (std::size_t i = 0; i < all.certificates.size(); ++i) {
    for (std::size_t j = 0; j < all.certificates[i].size(); ++j) {
      const CertificateFiles& files = listen_[i].tls.certificates[j];
      const Certificate& one = all.certificates[i][j];
      if (one.others_may_read_key)
        log_.warning("anybody on this machine may read the key of a certificate: chmod o-r", {{"file", files.key}});
      const std::int64_t left_s = one.not_after_s - clock_.unix_s();
      if (left_s < kSoonS)
        log_.warning("a certificate expires soon", {{"file", files.certificate}, {"hours", left_s / 3600}});
    }
  }
}

void ListenerCertificates::warn_of_lists(const OfFiles& all) const {
  for (std::size_t i = 0; i < all.clients.size(); ++i) {
    for (std::size_t j = 0; j < all.clients[i].size(); ++j) {
      if (all.clients[i][j].expired_lists.empty()) continue;
      log_.warning("a revocation list has expired: no certificate of its authority is accepted",
                   {{"file", listen_[i].tls.client_certificates[j].crl_file}});
    }
  }
}

ListenerCertificates::Stamps ListenerCertificates::stamps() const {
  Stamps all;
  for (const std::string& file : files_) all.push_back(stamp_of(file));
  return all;
}

void ListenerCertificates::replace(TlsMaterial material) {
  material_ = std::make_shared<const TlsMaterial>(std::move(material));
  if (hand_over_) hand_over_(material_);
}

void ListenerCertificates::set_ticket_secrets(std::vector<Secret> secrets) {
  if (are_same(material_->ticket_secrets, secrets)) return;
  TlsMaterial changed = *material_;
  changed.ticket_secrets = std::move(secrets);
  replace(std::move(changed));
}

void ListenerCertificates::read_anew() {
  if (is_empty()) return;
  read_stamps_ = seen_stamps_ = stamps();
  if (auto named = read_named()) {
    warn_of(*named);
    named_ = std::move(*named);
  } else {
    log_.error("certificates kept as they were: " + named.error().message);
    if (automatic_hosts_.empty()) return;
  }
  read_automatic();
  replace(assembled());
  log_.info("certificates re-read", {{"files", static_cast<std::int64_t>(files_.size())}});
}

void ListenerCertificates::look() {
  Stamps now = stamps();
  const bool rests = now == seen_stamps_;
  seen_stamps_ = std::move(now);
  if (rests && seen_stamps_ != read_stamps_) read_anew();
}

}  // namespace lp
