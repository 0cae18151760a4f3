#include "config/header_changes.h"

#include <algorithm>

#include "config/client_fields.h"

namespace lp {
namespace {

using Headers = std::vector<IdentityHeaderSettings>;

bool has_field(const Headers& headers, std::string_view name) {
  return std::any_of(headers.begin(), headers.end(),
                     [&](const auto& one) { return folded_field(one.header) == folded_field(name); });
}

bool is_removed(const std::vector<std::string>& entries, std::string_view name) {
  return std::any_of(entries.begin(), entries.end(), [&](const auto& entry) { return names_field(entry, name); });
}

// Of the top, what the route says nothing else about.
Headers still_said(const Headers& top, const HeaderChanges& route) {
  Headers kept;
  std::copy_if(top.begin(), top.end(), std::back_inserter(kept), [&](const auto& one) {
    return !has_field(route.set, one.header) && !has_field(route.add, one.header) &&
           !is_removed(route.remove, one.header);
  });
  return kept;
}

HeaderChanges joined(const HeaderChanges& top, const HeaderChanges& route) {
  HeaderChanges all{still_said(top.set, route), still_said(top.add, route), route.remove};
  all.set.insert(all.set.end(), route.set.begin(), route.set.end());
  all.add.insert(all.add.end(), route.add.begin(), route.add.end());
  for (const std::string& entry : top.remove) {
    if (!has_field(route.set, entry) && !has_field(route.add, entry)) all.remove.push_back(entry);
  }
  return all;
}

}  // namespace

HeaderChanges request_changes_of(const Settings& settings, const RouteSettings& route) {
  return joined(settings.request_headers, route.request_headers);
}

HeaderChanges response_changes_of(const Settings& settings, const RouteSettings& route) {
  return joined(settings.response_headers, route.response_headers);
}

AnswerPreset answer_preset_of(const Settings& settings, const RouteSettings& route) {
  return route.answer_preset.value_or(settings.answer_preset);
}

bool is_empty(const HeaderChanges& changes) {
  return changes.set.empty() && changes.add.empty() && changes.remove.empty();
}

bool names_field(std::string_view entry, std::string_view field) {
  const std::string folded = folded_field(field);
  if (!entry.ends_with('*')) return folded == folded_field(entry);
  entry.remove_suffix(1);
  return folded.starts_with(folded_field(entry));
}

}  // namespace lp
