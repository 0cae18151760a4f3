#pragma once
#include <string>
#include <vector>

#include "auth/rules/certainty.h"
#include "base/client_certificate.h"
#include "config/requirement.h"

// Rules on the certificate that a connection has shown. It belongs to the connection and not to a person: it may be
// asked for beside a session or instead of one. Pure.
namespace lp {

// `shown` is null where none was, or none that is accepted.
[[nodiscard]] bool certificate_holds(const CertificateTest& test, const ClientCertificate* shown);

// What can be said of a rule while nobody is signed in: the certificate is known, and of the person nothing.
[[nodiscard]] Certainty without_person(const Requirement& requirement, const ClientCertificate* shown);

// One of what is missing does not hold whoever signs in: for want of a certificate.
[[nodiscard]] bool lacks_certificate(const std::vector<const Requirement*>& missing, const ClientCertificate* shown);

// "a client certificate with subject_cn alice". `tells_values`: for operators.
[[nodiscard]] std::string describe_certificate(const CertificateTest& test, bool tells_values);
// What was shown, for operators.
[[nodiscard]] std::string seen_certificate(const CertificateTest& test, const ClientCertificate* shown);

}  // namespace lp
