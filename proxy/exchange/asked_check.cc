#include "proxy/exchange/asked_check.h"

#include "config/forward_auth.h"

namespace lp {
namespace {

const ForwardAuthSettings& settings_of(const PossibleCheck& check) { return check.context.settings.forward_auth; }

// The peer's address is no proof: whoever the proxy there serves can cause a request from it.
bool shows_secret(const PossibleCheck& check) {
  const ForwardAuthSettings& settings = settings_of(check);
  if (settings.secret.empty()) return true;
  const Fields& fields = check.request.head.fields;
  if (fields.count(settings.secret_header) != 1) return false;
  return check.context.realms.front().realm.keyring()->check_secret.equals(fields.get(settings.secret_header));
}

// It may come under any Host, for that is an address inside.
CheckedRequest resolve_of_prefix(const PossibleCheck& check, std::string_view behind, RequestHead& head,
                                 Resolution& into) {
  CheckedRequest result;
  if (!check.client.peer_is_trusted) {
    result.refusal = {403, "untrusted_proxy",
                      "the peer is not in trusted_proxies: add its address if it is your proxy, for what it says of a "
                      "request is believed from there only"};
    return result;
  }
  const auto about = read_forwarded_request(check.request.head, check.request.authority, behind);
  if (!about) {
    result.refusal = {400, "bad_forwarded", about.error().message};
    return result;
  }
  result.form = about->form;
  head = check.request.head;
  head.method = about->method;
  head.target = about->path_and_query;
  resolve_check(check.context.routes, *about, head.fields, check.client.address, into);
  return result;
}

// As oauth2-proxy is asked. Anybody may: what is not the client's own is told to those only of whom it is known who
// they are.
CheckedRequest resolve_of_oauth2(const PossibleCheck& check, ForwardedForm form, RequestHead& head, Resolution& into) {
  CheckedRequest result;
  result.form = form;
  const ParsedRequest& request = check.request;
  std::optional<ForwardedRequest> about;
  if (check.client.peer_is_trusted) {
    auto read = read_oauth2_target(request.head, request.authority);
    if (!read) {
      result.refusal = {403, "bad_forwarded", read.error().message};
      return result;
    }
    about = *read;
  }
  head = request.head;
  result.method_is_told = about && !about->method.empty();
  if (result.method_is_told) head.method = about->method;
  if (about) head.target = about->path_and_query;
  const std::string_view target = request.path_and_query;
  if (target.find('?') != target.npos) result.check_query = target.substr(target.find('?') + 1);
  result.asker_is_known = knows_who_asks(settings_of(check)) && shows_secret(check);
  resolve_oauth2_check(check.context.routes, {request.head, request.authority, target, check.client.address, about},
                       into);
  return result;
}

}  // namespace

std::optional<AskedCheck> asked_check(const PossibleCheck& check) {
  const ForwardAuthSettings& settings = settings_of(check);
  const std::string_view target = check.request.path_and_query;
  const auto behind = settings.enabled ? behind_check(target, check.context.settings.auth_prefix) : std::nullopt;
  const bool at_root = check.door == Door::checks_only && asks_at_root(check.request.head, target);
  const bool is_oauth2 = !settings.oauth2_proxy.empty() && (at_root || asks_oauth2_auth(target, settings));
  if (!behind && !is_oauth2) return std::nullopt;
  if (check.door == Door::any && !settings.listen.empty())
    return AskedCheck{"forward_auth.listen is set: checks are answered there and not here", {}, {}};
  if (behind && !shows_secret(check))
    return AskedCheck{"it does not show forward_auth.secret, once and alone, in " + settings.secret_header, {}, {}};
  if (behind) return AskedCheck{{}, ForwardedForm::none, *behind};
  return AskedCheck{{}, at_root ? ForwardedForm::oauth2_root : ForwardedForm::oauth2_auth, {}};
}

bool asks_in_place_of_app(const PossibleCheck& check, const Resolution& resolved) {
  using Kind = Resolution::Kind;
  const bool has_app =
      resolved.kind != Kind::no_route && !(resolved.kind == Kind::refused && resolved.refusal.status == 421);
  return !has_app && settings_of(check).listen.empty() && check.client.peer_is_trusted &&
         asks_at_root(check.request.head, check.request.path_and_query);
}

CheckedRequest resolve_asked(const PossibleCheck& check, const AskedCheck& asked, RequestHead& head, Resolution& into) {
  return asked.form == ForwardedForm::none ? resolve_of_prefix(check, asked.behind, head, into)
                                           : resolve_of_oauth2(check, asked.form, head, into);
}

}  // namespace lp
