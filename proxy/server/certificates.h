#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/certificate.h"
#include "base/client_trust.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "base/secret.h"
#include "config/settings.h"

namespace lp {

// What all workers make their ends of TLS of. Immutable.
struct TlsMaterial {
  std::vector<std::vector<Certificate>> of_listener;  // as Settings::listen; none where there is no TLS
  std::vector<std::vector<std::string>> waiting;      // likewise: hosts that have none yet, for which TLS is refused
  std::vector<Secret> ticket_secrets;
  std::vector<std::vector<ClientTrust>> clients_of_listener{};  // as ListenTlsSettings::client_certificates
};

// The certificates of all listeners: read at the start, anew when asked, and when their files have changed and are left
// alone. What cannot be used changes nothing: the old ones stay, and the log says why. Those that come by themselves
// (listen[].tls.acme) may be missing, or old: each stands for itself. Main thread.
class ListenerCertificates {
 public:
  static constexpr std::int64_t kLookMs = 5'000;  // between two looks at the files
  using HandOver = std::function<void(std::shared_ptr<const TlsMaterial>)>;
  // All must outlive it. `hand_over` is told of each new material.
  ListenerCertificates(const Settings& settings, const Clock& clock, Log& log);

  // At the start, before anything else. The error names file and reason.
  [[nodiscard]] Result<void> read();
  [[nodiscard]] std::shared_ptr<const TlsMaterial> material() const { return material_; }
  [[nodiscard]] bool is_empty() const { return files_.empty(); }
  // Hosts that a certificate must come for: no file that is named has one. As of read().
  [[nodiscard]] const std::vector<std::string>& automatic_hosts() const { return automatic_hosts_; }
  void on_change(HandOver hand_over) { hand_over_ = std::move(hand_over); }
  void set_ticket_secrets(std::vector<Secret> secrets);  // session.secret; tells of it where it has changed
  void read_anew();
  // To be called every kLookMs. A file is read when two looks in a row find it the same: a certificate and its key are
  // two files, and there is a moment between them.
  void look();

 private:
  using Stamps = std::vector<std::string>;
  struct OfFiles {  // as Settings::listen
    std::vector<std::vector<Certificate>> certificates;
    std::vector<std::vector<ClientTrust>> clients;
  };
  [[nodiscard]] Result<OfFiles> read_named() const;
  void choose_automatic_hosts();
  void read_automatic();
  [[nodiscard]] TlsMaterial assembled() const;
  [[nodiscard]] Stamps stamps() const;
  void replace(TlsMaterial material);
  void warn_of(const OfFiles& all) const;
  void warn_of_lists(const OfFiles& all) const;

  const Settings& settings_;
  const std::vector<ListenSettings>& listen_;
  const Clock& clock_;
  Log& log_;
  std::vector<std::string> files_;
  std::vector<std::string> automatic_hosts_;
  OfFiles named_;                                   // by listen[].tls.certificates and .client_certificates
  std::map<std::string, Certificate> automatic_;    // by host
  std::map<std::string, Certificate> self_signed_;  // by host, where asked for
  std::shared_ptr<const TlsMaterial> material_;
  HandOver hand_over_;
  Stamps read_stamps_, seen_stamps_;
};

}  // namespace lp
