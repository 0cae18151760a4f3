#pragma once
#include <optional>
#include <string>
#include <string_view>

// Files that are given in place of a configuration, most often because they hold one. Pure.
namespace lp {

// How to give the configuration that is in there, as a sentence; nullopt for a text that is of none of these kinds: a
// compose file, a Kubernetes manifest, values of a Helm chart, variables of an environment.
[[nodiscard]] std::optional<std::string> what_else_it_is(std::string_view text);

}  // namespace lp
