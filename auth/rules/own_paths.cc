#include "auth/rules/own_paths.h"

namespace lp {
namespace {

const Origin& sign_in_origin(const Settings& settings, const Origin& external) {
  return settings.sign_in_url ? *settings.sign_in_url : external;
}

}  // namespace

std::string own_url(const Settings& settings, const Origin& external, std::string_view endpoint) {
  return sign_in_origin(settings, external).text() + settings.auth_prefix + "/" + std::string(endpoint);
}

std::string callback_url(const Settings& settings, const Origin& external) {
  if (settings.forward_auth.oauth2_proxy.empty()) return own_url(settings, external, "callback");
  return sign_in_origin(settings, external).text() + settings.forward_auth.oauth2_proxy + "/callback";
}

}  // namespace lp
