#include "cli/doctor/judge_acme.h"

#include <string>

#include "base/certificate.h"
#include "config/acme.h"
#include "proxy/acme/program.h"
#include "proxy/acme/schedule.h"

namespace lp {
namespace {

using Level = DoctorFinding::Level;

constexpr std::int64_t kOfDay = 24 * 60 * 60;
constexpr const char* kSeeLog = "the log of `serve` says why: look for \"no certificate has come\"";

DoctorFinding judge_host(const AcmeSettings& acme, const std::string& host, std::int64_t now_s) {
  const std::string what = "the certificate that comes by itself for " + host;
  const CertificateFiles files = acme_files(acme, host);
  const auto read = read_old_certificate(files.certificate, files.key, now_s);
  if (!read) return {Level::warning, "acme", what + " is not there", kSeeLog, read.error().message};
  const std::int64_t left_s = read->not_after_s - now_s;
  if (left_s <= 0) return {Level::failure, "acme", what + " has expired", kSeeLog};
  const std::string good = what + " is good for " + std::to_string(left_s / kOfDay) + " days";
  // A try may fail now and then; a tenth of the time for it is over.
  const std::int64_t due_s = renewal_due_s(read->not_before_s, read->not_after_s);
  if (now_s > due_s + (read->not_after_s - due_s) / 10)
    return {Level::warning, "acme", good + " and not renewed", kSeeLog};
  return {Level::ok, "acme", good};
}

// Then none comes by itself.
bool is_named_by_file(const Settings& settings, const std::string& host, std::int64_t now_s) {
  for (const ListenSettings& listen : settings.listen) {
    for (const CertificateFiles& files : listen.tls.certificates) {
      const auto read = read_old_certificate(files.certificate, files.key, now_s);
      if (!read) continue;
      for (const std::string& name : read->names) {
        if (certificate_name_matches(name, host)) return true;
      }
    }
  }
  return false;
}

}  // namespace

std::vector<DoctorFinding> judge_acme(const Settings& settings, std::int64_t now_s) {
  const AcmeSettings* acme = acme_of(settings);
  if (acme == nullptr) return {};
  std::vector<DoctorFinding> all;
  if (find_uacme().empty()) all.push_back({Level::failure, "acme", std::string(kNoUacme), "install it"});
  for (const std::string& host : hosts_with_acme(settings)) {
    if (!is_named_by_file(settings, host, now_s)) all.push_back(judge_host(*acme, host, now_s));
  }
  return all;
}

}  // namespace lp
