#include "auth/identity/app_headers.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "auth/identity/identity_headers.h"
#include "auth/identity/patreon_headers.h"
#include "auth/session/claim_path.h"
#include "base/encoding.h"

namespace lp {
namespace {

using nlohmann::json;
using Header = IdentityHeaderSettings;
using Authorization = UpstreamAuthorizationSettings;

constexpr std::string_view kTooLarge = "larger than 8 KiB";
constexpr std::string_view kNotATextOrList = "neither a text, number or boolean nor a list of them";
constexpr std::string_view kNotRaw = "it cannot stand in a field as it is, and its encoding is raw";
constexpr std::string_view kNoBasicName = "a user name for Basic is a text without ':' and control characters";

// The session's own word goes before a claim of that name. Null: the person has none.
json claim_at(const AppUser& person, const std::string& path) {
  if (path == "sub") return json(person.sub);
  const json* claim = find_claim(person.claims, path);
  return claim == nullptr ? json() : *claim;
}

// A separator of lists in it separates nothing.
bool is_one_value(CertificateField field) {
  using Is = CertificateField;
  return field == Is::subject || field == Is::issuer || field == Is::serial || field == Is::fingerprint ||
         field == Is::certificate;
}

struct Writer {
  const AppHeaderFacts& facts;
  std::vector<LeftOut>& left_out;
  std::string lines;

  void line(const std::string& name, std::string_view value) {
    if (value.empty()) return;
    if (value.size() > kMaxAppHeaderBytes) return left_out.push_back({name, kTooLarge});
    lines.append(name).append(": ").append(value).append("\r\n");
  }

  void claim(const Header& header) {
    if (facts.person == nullptr) return;
    if (is_shortened(facts.person->claims, header.claim)) return left_out.push_back({header.header, kTooLarge});
    const json claim = claim_at(*facts.person, header.claim);
    const std::string value = header_value(claim, header.encoding, header.separator);
    const bool is_nothing = claim.is_null() || claim == "" || (claim.is_array() && claim.empty());
    const bool is_raw = header.encoding == HeaderEncoding::raw && (claim.is_string() || claim.is_array());
    if (value.empty() && !is_nothing) left_out.push_back({header.header, is_raw ? kNotRaw : kNotATextOrList});
    line(header.header, value);
  }

  void certificate(const Header& header) {
    if (facts.certificate == nullptr) return;
    const auto& values = facts.certificate->of(header.certificate_field);
    const json told = is_one_value(header.certificate_field) && !values.empty() ? json(values.front()) : json(values);
    const std::string value = header_value(told, header.encoding, header.separator);
    if (value.empty() && !values.empty()) left_out.push_back({header.header, kNotRaw});
    line(header.header, value);
  }

  void header(const Header& header) {
    switch (header.source) {
      case Header::Source::claim:
        return claim(header);
      case Header::Source::constant:
        return line(header.header, header.constant);
      case Header::Source::secret:
        return line(header.header, header.secret.reveal());
      case Header::Source::id_token:
        return line(header.header, facts.id_token);
      case Header::Source::access_token:
        return line(header.header, facts.access_token);
      case Header::Source::assertion:
        return line(header.header, facts.assertion);
      case Header::Source::organization:
        return line(header.header, facts.organization);
      case Header::Source::patreon:
        if (facts.person != nullptr)
          line(header.header, header_value(patreon_claim(header, facts.person->patreon), header.encoding));
        return;
      case Header::Source::client_certificate:
        return certificate(header);
      case Header::Source::host:
        if (facts.external != nullptr) line(header.header, facts.external->authority());
        return;
    }
  }

  // RFC 7617 2: a ':' would move the border between name and password.
  void basic(const Authorization& authorization) {
    std::string name = authorization.username;
    if (!authorization.username_claim.empty()) {
      if (facts.person == nullptr) return;
      const json claim = claim_at(*facts.person, authorization.username_claim);
      if (claim.is_null()) return;
      name = claim.is_string() ? claim.get<std::string>() : std::string();
    }
    const bool is_name = !name.empty() && is_valid_utf8(name) && std::none_of(name.begin(), name.end(), [](char c) {
      return c == ':' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    });
    if (!is_name) return left_out.push_back({"Authorization", kNoBasicName});
    name.append(":").append(authorization.password.reveal());
    line("Authorization", "Basic " + base64_encode(name));
  }

  void authorization(const Authorization& authorization) {
    if (authorization.kind == Authorization::Kind::basic) basic(authorization);
    if (authorization.kind == Authorization::Kind::id_token && !facts.id_token.empty()) {
      line("Authorization", "Bearer " + std::string(facts.id_token));
    }
  }
};

// Where an app wants a token of whoever asks, a program that came with one has no other: it was judged, and goes on.
bool replaces_authorization(const Authorization& authorization, const AppHeaderFacts& facts) {
  if (authorization.kind == Authorization::Kind::id_token && facts.has_own_token) return false;
  return authorization.kind != Authorization::Kind::none;
}

// RFC 7519 4.1, and `sid`, which would let an app end sessions at Logto.
bool is_of_the_token(std::string_view name) {
  constexpr std::string_view kNames[] = {"iss", "sub", "aud", "exp", "nbf", "iat", "jti", "sid"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

void put_claim(json& claims, const std::string& name, const json& claim) {
  if (claim.is_null() || is_of_the_token(name)) return;
  if (claim.dump(-1, ' ', false, json::error_handler_t::replace).size() > kMaxAppHeaderBytes) return;
  claims[name] = claim;
}

constexpr std::string_view kPomeriumAssertion = "X-Pomerium-Jwt-Assertion";
constexpr std::string_view kPomeriumClaim = "X-Pomerium-Claim-";

bool is_for_pomerium(const HeaderSet& set) {
  return std::any_of(set.headers.begin(), set.headers.end(), [](const Header& header) {
    return header.source == Header::Source::assertion && iequals(header.header, kPomeriumAssertion);
  });
}

std::string pomerium_name(const Header& header) {
  const std::string_view name = header.header;
  if (!iequals(name.substr(0, kPomeriumClaim.size()), kPomeriumClaim)) return {};
  return ascii_lower(name.substr(kPomeriumClaim.size()));
}

}  // namespace

AppHeaders make_app_headers(const HeaderSet& set, const AppHeaderFacts& facts, std::vector<LeftOut>& left_out) {
  Writer writer{facts, left_out, {}};
  for (const Header& header : set.headers) writer.header(header);
  writer.authorization(set.authorization);
  return {std::move(writer.lines), replaces_authorization(set.authorization, facts)};
}

json assertion_claims(const HeaderSet& set, const AppUser& person) {
  json claims = json::object();
  const bool pomerium = is_for_pomerium(set);
  for (const Header& header : set.headers) {
    if (header.source == Header::Source::patreon)
      put_claim(claims, "patreon_" + header.claim, patreon_claim(header, person.patreon));
    if (header.source != Header::Source::claim || is_shortened(person.claims, header.claim)) continue;
    const json claim = claim_at(person, header.claim);
    put_claim(claims, header.claim, claim);
    const std::string also = pomerium ? pomerium_name(header) : std::string();
    if (!also.empty()) put_claim(claims, also, claim);
  }
  return claims;
}

}  // namespace lp
