#include "auth/rules/client_certificate.h"

#include <algorithm>
#include <vector>

#include "base/one_of.h"

namespace lp {
namespace {

bool names_any(const std::vector<std::string>& shown, const std::vector<std::string>& wanted) {
  return std::any_of(shown.begin(), shown.end(), [&](const std::string& one) { return is_one_of(one, wanted); });
}

std::string listed(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all;
}

}  // namespace

bool certificate_holds(const CertificateTest& test, const ClientCertificate* shown) {
  return shown != nullptr && std::all_of(test.all_of.begin(), test.all_of.end(), [&](const auto& wanted) {
           return names_any(shown->of(wanted.field), wanted.any_of);
         });
}

Certainty without_person(const Requirement& requirement, const ClientCertificate* shown) {
  return certainty_of(requirement, [shown](const Requirement& leaf) {
    if (leaf.kind != Requirement::Kind::client_certificate) return Certainty::open;
    return certificate_holds(leaf.certificate, shown) ? Certainty::yes : Certainty::no;
  });
}

bool lacks_certificate(const std::vector<const Requirement*>& missing, const ClientCertificate* shown) {
  return std::any_of(missing.begin(), missing.end(),
                     [shown](const Requirement* one) { return without_person(*one, shown) == Certainty::no; });
}

std::string describe_certificate(const CertificateTest& test, bool tells_values) {
  if (test.all_of.empty()) return "a client certificate";
  if (!tells_values) return "a certain client certificate";
  std::string text;
  for (const CertificateTest::Wanted& wanted : test.all_of) {
    text.append(text.empty() ? "a client certificate with " : " and ").append(name_of(wanted.field));
    text.append(wanted.any_of.size() == 1 ? " " : " one of ").append(listed(wanted.any_of));
  }
  return text;
}

std::string seen_certificate(const CertificateTest& test, const ClientCertificate* shown) {
  if (shown == nullptr) return "no client certificate";
  std::string text;
  for (const CertificateTest::Wanted& wanted : test.all_of) {
    text.append(text.empty() ? "" : "; ").append(name_of(wanted.field)).append(": ");
    text += shown->of(wanted.field).empty() ? "none" : listed(shown->of(wanted.field));
  }
  return text.empty() ? "subject: " + std::string(shown->first(CertificateField::subject)) : text;
}

}  // namespace lp
