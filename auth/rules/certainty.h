#pragma once
#include <cstdint>

#include "config/requirement.h"

// Rules about which not everything is known: Kleene's three values. Pure.
namespace lp {

enum class Certainty : std::uint8_t {
  no,    // whatever else holds
  open,  // what is not known decides
  yes,   // whatever else holds
};

[[nodiscard]] inline Certainty opposite(Certainty value) {
  if (value == Certainty::open) return value;
  return value == Certainty::yes ? Certainty::no : Certainty::yes;
}

template <class OfLeaf>
[[nodiscard]] Certainty certainty_of(const Requirement& requirement, const OfLeaf& of_leaf) {
  using Kind = Requirement::Kind;
  if (requirement.kind != Kind::all && requirement.kind != Kind::any && requirement.kind != Kind::none)
    return of_leaf(requirement);
  const Certainty deciding = requirement.kind == Kind::all ? Certainty::no : Certainty::yes;  // one child alone
  Certainty result = opposite(deciding);
  for (const Requirement& child : requirement.children) {
    const Certainty one = certainty_of(child, of_leaf);
    if (one != Certainty::open && one != deciding) continue;
    result = one;
    if (one == deciding) break;
  }
  return requirement.kind == Kind::none ? opposite(result) : result;
}

}  // namespace lp
