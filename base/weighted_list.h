#pragma once
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

// What a client prefers, as Accept and Accept-Language say it (RFC 9110 12.4.2, 12.5). Pure.
namespace lp {

struct Weighted {
  std::string_view value;  // what stands before the weight: "ja", "text/html", "text/html;level=1"; never empty
  int weight = 1000;       // in thousandths; 0 is a refusal, however it is spelled
};

// One element, such as "ja;q=0.8". The first parameter named q is the weight; what follows it (RFC 7231's accept-ext)
// is ignored. nullopt for an empty value and for a weight that is none.
[[nodiscard]] std::optional<Weighted> parse_weighted(std::string_view element);
// The elements of a list, in order; those that are none are left out. Reads at most the first `max_elements`, empty
// ones included. Quoted strings are not understood: none of these fields needs one.
[[nodiscard]] std::vector<Weighted> parse_weighted_list(std::string_view list, std::size_t max_elements);

}  // namespace lp
