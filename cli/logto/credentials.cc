#include "cli/logto/credentials.h"

#include <algorithm>
#include <ctime>
#include <memory>
#include <utility>

#include "base/private_file.h"
#include "cli/tenant/json_merge.h"
#include "config/realms.h"

namespace lp {
namespace {

using nlohmann::json;
using Outcome = CredentialPlace::Outcome;

constexpr std::int64_t kMsOfSecond = 1000;

class CredentialWriter {
 public:
  CredentialWriter(ManagementApi& api, const Settings& realm, std::string prefix, bool is_dry, WithoutFile without_file)
      : api_(api), realm_(realm), prefix_(std::move(prefix)), is_dry_(is_dry), without_file_(without_file) {}

  void settle(const json& application) {
    const std::string id = text_at(application, "id");
    if (realm_.logto.app_id != id)
      put("app_id", Secret(id));
    else
      keep("app_id");
    settle_secret(id);
  }
  void settle_hook(const json& hook) {
    const Secret key(text_at(hook, "signingKey"));
    realm_.logto.webhook_secret.equals(key.reveal()) ? keep("webhook_secret") : put("webhook_secret", key);
  }
  // What Logto is going to make is none of what the configuration has.
  void foresee(const std::string& name) {
    if (file_of(name) != nullptr || without_file_ == WithoutFile::shown) return put(name, Secret());
    refuse(name, "Logto is going to make it: name " + prefix_ + "." + name +
                     "_file in its place, which is written then, or have it printed (--print-secrets)");
  }

  std::vector<CredentialPlace> places;

 private:
  [[nodiscard]] const SecretFile* file_of(const std::string& name) const {
    const std::string key = prefix_ + "." + name + "_file";
    const auto found = std::find_if(realm_.secret_files.begin(), realm_.secret_files.end(),
                                    [&](const SecretFile& file) { return file.key == key; });
    return found == realm_.secret_files.end() ? nullptr : &*found;
  }

  void keep(const std::string& name) {
    const SecretFile* file = file_of(name);
    if (file != nullptr) places.push_back({Outcome::unchanged, file->key, file->path});
  }
  void refuse(const std::string& name, std::string why) {
    places.push_back({Outcome::refused, prefix_ + "." + name, "", std::move(why)});
  }

  void put(const std::string& name, const Secret& value) {
    const SecretFile* file = file_of(name);
    if (file == nullptr && without_file_ == WithoutFile::shown)
      return places.push_back({Outcome::shown, prefix_ + "." + name, "", "", is_dry_ ? Secret() : value});
    if (file == nullptr)
      return refuse(name, "is not what Logto has: name " + prefix_ + "." + name +
                              "_file in its place, which is written then, or take the value from --print-secrets");
    const std::string why = is_dry_ ? why_no_private_file(file->path)
                                    : write_private_file(file->path, Secret(std::string(value.reveal()) + "\n"));
    places.push_back({why.empty() ? Outcome::written : Outcome::refused, file->key, file->path, why});
  }

  void settle_secret(const std::string& id) {
    auto secrets = api_.call("GET", "/api/applications/" + id + "/secrets");
    if (!secrets) return refuse("app_secret", secrets.error().text());
    std::vector<Secret> good = unexpired(*secrets);
    if (good.empty() && !is_dry_) {
      const auto made = api_.call("POST", "/api/applications/" + id + "/secrets", {{"name", free_name(*secrets)}});
      if (!made) return refuse("app_secret", made.error().text());
      good.emplace_back(text_at(*made, "value"));
    }
    const auto& known = realm_.logto.app_secrets;
    const bool is_known = std::any_of(known.begin(), known.end(), [&](const Secret& one) {
      return std::any_of(good.begin(), good.end(), [&](const Secret& other) { return other.equals(one.reveal()); });
    });
    is_known ? keep("app_secret") : put("app_secret", good.empty() ? Secret() : good.front());
  }

  // An expired one keeps its name.
  [[nodiscard]] static std::string free_name(const json& secrets) {
    std::string name = "logto-proxy";
    for (int next = 2; find_by(secrets, "name", name) != nullptr; ++next) name = "logto-proxy " + std::to_string(next);
    return name;
  }

  // An internal one is no secret (Logto fact 31).
  [[nodiscard]] static std::vector<Secret> unexpired(const json& secrets) {
    std::vector<Secret> good;
    const std::int64_t now_ms = std::time(nullptr) * kMsOfSecond;
    for (const json& one : secrets) {
      const std::string value = text_at(one, "value");
      const bool has_end = one.contains("expiresAt") && one["expiresAt"].is_number();
      if (value.empty() || value.starts_with("#internal:")) continue;
      if (!has_end || one["expiresAt"].get<std::int64_t>() > now_ms) good.emplace_back(value);
    }
    return good;
  }

  ManagementApi& api_;
  const Settings& realm_;
  const std::string prefix_;
  const bool is_dry_;
  const WithoutFile without_file_;
};

const json* find_hook(const TenantHook& hook, const TenantState& state) {
  for (const json& there : state.hooks) {
    if (text_at(object_at(there, "config"), "url") == hook.url) return &there;
  }
  return nullptr;
}

void settle_hooks(CredentialWriter& writer, const std::string& key, const WantedTenant& wanted,
                  const TenantState& state, bool is_dry) {
  for (const TenantHook& hook : wanted.hooks) {
    if (hook.key != key) continue;
    if (const json* there = find_hook(hook, state))
      writer.settle_hook(*there);
    else if (is_dry)
      writer.foresee("webhook_secret");
    return;
  }
}

}  // namespace

std::vector<CredentialPlace> settle_credentials(ManagementApi& api, const Settings& settings,
                                                const WantedTenant& wanted, const TenantState& state, bool is_dry,
                                                WithoutFile without_file) {
  std::vector<CredentialPlace> all;
  const auto realms = settings_of_realms(std::make_shared<const Settings>(settings));
  for (std::size_t i = 0; i < realms.size() && i < wanted.applications.size(); ++i) {
    const json* application = find_application(wanted.applications[i], state);
    if (application == nullptr && !is_dry) continue;
    const std::string prefix = settings.realms.empty() ? "logto" : "realms." + realms[i]->realm + ".logto";
    CredentialWriter writer(api, *realms[i], prefix, is_dry, without_file);
    if (application != nullptr) {
      writer.settle(*application);
    } else {
      for (const char* name : {"app_id", "app_secret"}) writer.foresee(name);
    }
    settle_hooks(writer, prefix + ".webhook_secret", wanted, state, is_dry);
    for (CredentialPlace& place : writer.places) all.push_back(std::move(place));
  }
  return all;
}

}  // namespace lp
