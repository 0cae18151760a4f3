#pragma once
#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "auth/identity/client_headers.h"
#include "base/http_message.h"
#include "config/settings.h"

// The further conditions of a route, on the query and the fields that the app gets. An app may read a query or a field
// in another way than we do: what can be read in two ways that decide differently is `unclear`, and the request is
// refused where such a condition decides (threat P22). Pure.
namespace lp {

enum class Condition { holds, fails, unclear };

// One parameter: its value, decoded as browsers encode forms, matches. Unclear: it stands twice, in another spelling
// that an app may fold ("ROLE", "role[]", "my.role" for my_role), behind a ';' that some apps take for '&', with a '+'
// whose two readings differ, or anywhere in the query an escape is broken.
[[nodiscard]] Condition query_condition(const FieldCondition& condition, std::string_view query);

// Calls `visit(name, value)` for each parameter of a query or a posted form, both as they stand there.
template <class Visit>
void for_each_parameter(std::string_view query, std::string_view separators, const Visit& visit) {
  for (std::size_t begin = 0; begin <= query.size();) {
    const std::size_t end = std::min(query.find_first_of(separators, begin), query.size());
    const std::string_view pair = query.substr(begin, end - begin);
    begin = end + 1;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    visit(pair.substr(0, equals), pair.substr(std::min(equals + 1, pair.size())));
  }
}

// The names that apps read a decoded name as: in lower case, '_' for '.' and ' ' (PHP), without what stands in brackets
// ("role[]" is role to Rails and PHP) and, where a bracket is not closed, with '_' for it (PHP).
[[nodiscard]] std::vector<std::string> parameter_readings(std::string_view name);

// One field: it stands once and its value matches. Unclear: it stands twice, beside a name that gateways fold to the
// same
// ("X_Tenant"), or Connection names it. A field that may not reach the app is as good as absent; `passed` are those
// that the route lets pass (pass_headers).
[[nodiscard]] Condition header_condition(const FieldCondition& condition, const Fields& fields,
                                         const ClientHeaderRules& rules, const std::vector<std::string>& passed = {});

}  // namespace lp
