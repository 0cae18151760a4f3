#include "config/file/secret_rotation.h"

#include <algorithm>
#include <cstddef>

#include "config/file/load.h"
#include "config/file/print.h"

namespace lp {
namespace {

bool same(const Secret& a, const Secret& b) { return a.equals(b.reveal()); }

std::size_t count_missing(const std::vector<Secret>& wanted, const std::vector<Secret>& in) {
  return static_cast<std::size_t>(std::count_if(wanted.begin(), wanted.end(), [&](const Secret& secret) {
    return std::none_of(in.begin(), in.end(), [&](const Secret& other) { return same(secret, other); });
  }));
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

// The secrets of one list of headers, where the other has the same header from a file too.
void take_header_secrets(std::vector<IdentityHeaderSettings>& into, const std::vector<IdentityHeaderSettings>& fresh) {
  for (IdentityHeaderSettings& header : into) {
    const auto same = std::find_if(fresh.begin(), fresh.end(), [&](const IdentityHeaderSettings& other) {
      return other.header == header.header && other.source == header.source;
    });
    if (same != fresh.end()) header.secret = same->secret;
  }
}

void take_header_secrets(HeaderChanges& into, const HeaderChanges& fresh) {
  take_header_secrets(into.set, fresh.set);
  take_header_secrets(into.add, fresh.add);
}

// Routes that have moved or changed wait for a restart as a whole.
void take_app_secrets(Settings& into, const Settings& fresh) {
  take_header_secrets(into.identity_headers, fresh.identity_headers);
  take_header_secrets(into.request_headers, fresh.request_headers);
  if (into.routes.size() != fresh.routes.size()) return;
  for (std::size_t i = 0; i < into.routes.size(); ++i) {
    RouteSettings& route = into.routes[i];
    const RouteSettings& other = fresh.routes[i];
    if (route.label != other.label) continue;
    take_header_secrets(route.identity_headers, other.identity_headers);
    take_header_secrets(route.request_headers, other.request_headers);
    if (route.authorization.kind == other.authorization.kind) {
      route.authorization.password = other.authorization.password;
    }
  }
}

std::vector<Secret> none_or_one(const Secret& secret) {
  return secret.empty() ? std::vector<Secret>() : std::vector<Secret>{secret};
}

void take_secrets(LogtoSettings& logto, const LogtoSettings& fresh) {
  logto.app_secrets = fresh.app_secrets;
  logto.webhook_secret = fresh.webhook_secret;
}

}  // namespace

Settings with_secrets_of(const Settings& running, const Settings& fresh) {
  Settings result = running;
  result.session.secrets = fresh.session.secrets;
  take_secrets(result.logto, fresh.logto);
  for (RealmSettings& realm : result.realms) {
    for (const RealmSettings& other : fresh.realms) {
      if (other.name == realm.name) take_secrets(realm.logto, other.logto);
    }
  }
  result.redis.password = fresh.redis.password;
  // That there is one at all decides who may ask what, which waits for a restart.
  const bool is_other = !running.forward_auth.secret.empty() && !fresh.forward_auth.secret.empty();
  if (is_other) result.forward_auth.secret = fresh.forward_auth.secret;
  take_app_secrets(result, fresh);
  result.pages = fresh.pages;
  return result;
}

std::vector<Secret> secrets_for_apps(const Settings& settings) {
  std::vector<Secret> secrets;
  const auto add = [&](const Secret& secret) {
    if (!secret.empty()) secrets.push_back(secret);
  };
  const auto add_all = [&](const std::vector<IdentityHeaderSettings>& headers) {
    for (const auto& header : headers) add(header.secret);
  };
  const auto add_changes = [&](const HeaderChanges& changes) {
    add_all(changes.set);
    add_all(changes.add);
  };
  add_all(settings.identity_headers);
  add_changes(settings.request_headers);
  for (const RouteSettings& route : settings.routes) {
    add_all(route.identity_headers);
    add_changes(route.request_headers);
    add(route.authorization.password);
  }
  return secrets;
}

std::vector<std::string> keys_for_restart(const Settings& running, const Settings& fresh) {
  Settings wanted = with_secrets_of(running, fresh);
  wanted.tests = fresh.tests;          // they say what the rest must do, and do nothing themselves
  wanted.provision = fresh.provision;  // nothing that runs looks at it
  return differing_keys(wanted, fresh);
}

std::string describe_replaced(const std::vector<Secret>& before, const std::vector<Secret>& now) {
  const std::string count = std::to_string(now.size());
  if (std::equal(before.begin(), before.end(), now.begin(), now.end(), same)) return count + " (unchanged)";
  std::vector<std::string> notes;
  std::size_t added = count_missing(now, before);
  const std::size_t removed = count_missing(before, now);
  const bool first_changed = !now.empty() && (before.empty() || !same(now.front(), before.front()));
  const bool first_is_new = first_changed && count_missing({now.front()}, before) == 1;
  if (first_changed) notes.emplace_back(first_is_new ? "first is new" : "another is first");
  if (first_is_new) --added;
  if (added > 0) notes.push_back(std::to_string(added) + " added");
  if (removed > 0) notes.push_back(std::to_string(removed) + " removed");
  if (notes.empty()) notes.emplace_back("order changed");
  return count + " (" + joined(notes) + ")";
}

std::string describe_replaced(const Secret& before, const Secret& now) {
  return describe_replaced(none_or_one(before), none_or_one(now));
}

}  // namespace lp
