#include "auth/pages/answer_security.h"

#include <string>

#include "base/crypto.h"
#include "base/encoding.h"

namespace lp {
namespace {

std::string hash_source(std::string_view text) { return "'sha256-" + base64_encode(sha256(text)) + "'"; }

std::string further_sources(const PageNeeds& needs) {
  std::string sources;
  if (needs.allow_from == nullptr) return sources;
  for (const Origin& origin : *needs.allow_from) sources += " " + origin.text();
  return sources;
}

std::string content_security_policy(const PageNeeds& needs) {
  std::string policy = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action ";
  policy += needs.has_form ? "'self'" : "'none'";
  if (needs.has_form && !needs.form_origin.empty()) policy.append(" ").append(needs.form_origin);
  const std::string origins = further_sources(needs);
  if (!needs.styles.empty() || !origins.empty()) {
    policy += "; style-src";
    for (const std::string_view style : needs.styles) policy += " " + hash_source(style);
    policy += origins;
  }
  if (needs.has_images || !origins.empty())
    policy += "; img-src" + std::string(needs.has_images ? " data:" : "") + origins;
  if (!origins.empty()) policy += "; font-src" + origins;
  if (!needs.script.empty()) policy += "; script-src " + hash_source(needs.script);
  return policy;
}

}  // namespace

void add_security_headers(Answer& answer, const PageNeeds& needs) {
  answer.add("Cache-Control", "no-store");
  answer.add("Referrer-Policy", needs.has_form ? "same-origin" : "no-referrer");
  answer.add("X-Content-Type-Options", "nosniff");
  answer.add("X-Frame-Options", "DENY");
  answer.add("Content-Security-Policy", content_security_policy(needs));
}

}  // namespace lp
