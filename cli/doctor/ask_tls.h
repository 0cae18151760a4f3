#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/url.h"
#include "cli/doctor/finding.h"

namespace lp {

// What an https origin shows of its certificate. `names`: key in the configuration, for messages.
struct ShownCertificate {
  std::int64_t not_after_s = 0;
  bool names_host = false;
  std::string why_not_trusted;  // empty: it leads to an authority that is trusted
};
// Pure.
[[nodiscard]] DoctorFinding judge_certificate(const ShownCertificate& certificate, const Origin& origin,
                                              std::int64_t now_s);

// Shakes hands at an https origin and judges what it shows: dates, name, authority. `at`: where to connect, if
// elsewhere. `ca_file`: PEM; empty: the system's. Waits, at most some seconds.
[[nodiscard]] DoctorFinding ask_tls(const Origin& origin, const Origin& at, const std::string& ca_file,
                                    std::int64_t now_s);

}  // namespace lp
