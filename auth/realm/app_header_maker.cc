#include "auth/realm/app_header_maker.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "auth/identity/assertion.h"
#include "base/crypto.h"
#include "base/encoding.h"

namespace lp {
namespace {

bool asserts(const HeaderSet& set) {
  return std::any_of(set.headers.begin(), set.headers.end(), [](const IdentityHeaderSettings& header) {
    return header.source == IdentityHeaderSettings::Source::assertion;
  });
}

// Of one session; beyond, all are made anew. A person rarely visits so many apps in one session.
constexpr std::size_t kMaxReady = 64;
constexpr std::size_t kAssertionIdBytes = 16;
constexpr std::int64_t kForEver = std::numeric_limits<std::int64_t>::max();

// Those of the route's that this set has.
struct TokensIn {
  const AppToken* id;
  const AppToken* access;
  TokensIn(const HeaderSet& set, const RouteTokens& tokens)
      : id(set.has_id_token ? tokens.id.get() : nullptr),
        access(set.has_access_token ? tokens.access.get() : nullptr) {}
  [[nodiscard]] bool are(const RouteTokens& others) const {
    return id == others.id.get() && access == others.access.get();
  }
};

std::string_view fingerprint_in(const AppRequest& request) {
  return request.certificate == nullptr ? std::string_view()
                                        : request.certificate->first(CertificateField::fingerprint);
}

const ReadyHeaders* find(const std::vector<ReadyHeaders>& ready, std::size_t set, const HeaderSet& says,
                         const AppRequest& request) {
  for (const ReadyHeaders& one : ready) {
    if (one.set != set || (one.external && !(*one.external == request.external))) continue;
    if (says.names_organization && one.organization != request.organization) continue;
    if (says.names_certificate && one.certificate != fingerprint_in(request)) continue;
    const bool is_good = request.now_s >= one.made_at_s && request.now_s < one.good_until_s;
    return is_good && TokensIn(says, request.tokens).are(one.tokens) ? &one : nullptr;
  }
  return nullptr;
}

std::shared_ptr<const AppHeaders> keep(std::vector<ReadyHeaders>& ready, ReadyHeaders made) {
  std::erase_if(ready, [&](const ReadyHeaders& old) {
    return old.set == made.set && old.external == made.external && old.organization == made.organization &&
           old.certificate == made.certificate;
  });
  if (ready.size() >= kMaxReady) ready.clear();
  ready.push_back(std::move(made));
  return ready.back().headers;
}

bool says_nothing(const AppHeaders& headers) { return headers.lines.empty() && !headers.replaces_authorization; }

}  // namespace

std::shared_ptr<const AppHeaders> AppHeaderMaker::make(const Keyring& keyring, const OpenedSession* session,
                                                       const RouteSettings& route, const AppRequest& request) {
  const std::size_t set = keyring.header_sets.index_of(route);
  std::vector<ReadyHeaders>& ready = session != nullptr ? session->ready_headers : for_nobody_;
  if (const auto* found = find(ready, set, keyring.header_sets.at(set), request)) return found->headers;
  return keep(ready, make_set(keyring, set, session, request));
}

ReadyHeaders AppHeaderMaker::make_set(const Keyring& keyring, std::size_t index, const OpenedSession* session,
                                      const AppRequest& request) {
  const HeaderSet& set = keyring.header_sets.at(index);
  ReadyHeaders made{index, std::nullopt, {}, {}, {}, request.now_s, kForEver, nullptr};
  if (set.names_origin) made.external = request.external;
  if (set.names_organization) made.organization = request.organization;
  if (set.names_certificate) made.certificate = fingerprint_in(request);
  AppHeaderFacts facts;
  facts.organization = made.organization;
  facts.external = &request.external;
  facts.certificate = request.certificate;
  std::optional<AppUser> person;
  std::string assertion;
  if (session != nullptr) {
    const Session& of = session->session;
    facts.person = &person.emplace(AppUser{*of.claims, of.sub, of.patreon.get()});
  }
  if (person && asserts(set)) {
    facts.assertion = assertion = sign(keyring, set, *person, request);
    made.good_until_s = request.now_s + kAssertionReuseS;
  }
  if (set.has_id_token) made.tokens.id = request.tokens.id;
  if (set.has_access_token) made.tokens.access = request.tokens.access;
  if (person && made.tokens.id) facts.id_token = made.tokens.id->token.reveal();
  if (person && made.tokens.access) facts.access_token = made.tokens.access->token.reveal();
  facts.has_own_token = session != nullptr && session->token != nullptr;
  std::vector<LeftOut> left_out;
  AppHeaders headers = make_app_headers(set, facts, left_out);
  for (const LeftOut& one : left_out) tell(one);
  if (!says_nothing(headers)) made.headers = std::make_shared<const AppHeaders>(std::move(headers));
  return made;
}

std::string AppHeaderMaker::sign(const Keyring& keyring, const HeaderSet& set, const AppUser& person,
                                 const AppRequest& request) const {
  const nlohmann::json claims = assertion_claims(set, person);
  const std::string id = base64url_encode(random_bytes(kAssertionIdBytes));
  const std::string issuer = request.external.text();
  return sign_assertion(*keyring.assertions.signing_key(request.now_s),
                        {issuer, set.audience.empty() ? issuer : set.audience, person.sub, id, request.now_s, &claims});
}

void AppHeaderMaker::tell(const LeftOut& left_out) {
  if (!told_.insert(left_out.header).second) return;
  realm_.log.warning("a header for the app is left out; this is told once",
                     {{"header", left_out.header}, {"reason", left_out.reason}});
}

}  // namespace lp
