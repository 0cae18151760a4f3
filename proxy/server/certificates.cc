#include "proxy/server/certificates.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

namespace lp {
namespace {

constexpr std::int64_t kSoonS = 7 * 24 * 60 * 60;

// Replaced by a rename, or written in place: either changes one of these.
std::string stamp_of(const std::string& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) return "none";
  return std::to_string(about.st_dev) + " " + std::to_string(about.st_ino) + " " + std::to_string(about.st_size) + " " +
         std::to_string(about.st_mtim.tv_sec) + "." + std::to_string(about.st_mtim.tv_nsec);
}

bool are_same(const std::vector<Secret>& one, const std::vector<Secret>& other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                    [](const Secret& a, const Secret& b) { return a.equals(b.reveal()); });
}

}  // namespace

ListenerCertificates::ListenerCertificates(const std::vector<ListenSettings>& listen, const Clock& clock, Log& log)
    : listen_(listen), clock_(clock), log_(log) {
  for (const ListenSettings& one : listen_) {
    for (const CertificateFiles& files : one.tls.certificates) {
      files_.push_back(files.certificate);
      files_.push_back(files.key);
    }
  }
}

Result<std::vector<std::vector<Certificate>>> ListenerCertificates::read_all() const {
  std::vector<std::vector<Certificate>> all;
  for (const ListenSettings& one : listen_) {
    std::vector<Certificate>& of_listener = all.emplace_back();
    for (const CertificateFiles& files : one.tls.certificates) {
      auto read = read_certificate(files.certificate, files.key, clock_.unix_s());
      if (!read) return read.error();
      of_listener.push_back(std::move(*read));
    }
  }
  return all;
}

Result<void> ListenerCertificates::read() {
  read_stamps_ = seen_stamps_ = stamps();
  auto all = read_all();
  if (!all) return all.error();
  warn_of(*all);
  material_ = std::make_shared<const TlsMaterial>(TlsMaterial{std::move(*all), {}});
  return {};
}

void ListenerCertificates::warn_of(const std::vector<std::vector<Certificate>>& all) const {
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < all[i].size(); ++j) {
      const CertificateFiles& files = listen_[i].tls.certificates[j];
      if (all[i][j].others_may_read_key)
        log_.warning("anybody on this machine may read the key of a certificate: chmod o-r", {{"file", files.key}});
      const std::int64_t left_s = all[i][j].not_after_s - clock_.unix_s();
      if (left_s < kSoonS)
        log_.warning("a certificate expires soon", {{"file", files.certificate}, {"hours", left_s / 3600}});
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
  replace({material_->of_listener, std::move(secrets)});
}

void ListenerCertificates::read_anew() {
  if (is_empty()) return;
  read_stamps_ = seen_stamps_ = stamps();
  auto all = read_all();
  if (!all) return log_.error("certificates kept as they were: " + all.error().message);
  warn_of(*all);
  replace({std::move(*all), material_->ticket_secrets});
  log_.info("certificates re-read", {{"files", static_cast<std::int64_t>(files_.size())}});
}

void ListenerCertificates::look() {
  Stamps now = stamps();
  const bool rests = now == seen_stamps_;
  seen_stamps_ = std::move(now);
  if (rests && seen_stamps_ != read_stamps_) read_anew();
}

}  // namespace lp
