#pragma once
#include <span>
#include <string_view>

// The names that oauth2-proxy 7.15.6 reads, and what each means for who gets in. Pure.
namespace lp {

struct OAuth2ProxyOption {
  enum class Effect {
    restricts,  // keeps somebody out: what is not translated closes the result
    opens,      // lets somebody in, or believes somebody: leaving it out is safe
    neutral,    // neither
  };
  std::string_view name;  // in a configuration file; upper-cased behind OAUTH2_PROXY_ in the environment
  std::string_view flag;  // on the command line, with '_' for '-', where it differs; read nowhere else
  Effect effect;
};

[[nodiscard]] std::span<const OAuth2ProxyOption> oauth2_proxy_options();
// By its name; null: oauth2-proxy does not know it, and whether a later one restricts by it nobody can say.
[[nodiscard]] const OAuth2ProxyOption* find_oauth2_proxy_option(std::string_view name);
// That whose flag is called so: a name that stands only on command lines. Null: none.
[[nodiscard]] const OAuth2ProxyOption* find_oauth2_proxy_flag(std::string_view name);

// Variables that Kubernetes gives every container beside a service called oauth2-proxy; `rest` is behind OAUTH2_PROXY_.
[[nodiscard]] bool is_of_kubernetes(std::string_view rest);

}  // namespace lp
