#include "proxy/http/route_fields.h"

#include <algorithm>
#include <utility>

#include "config/header_changes.h"

namespace lp {
namespace {

constexpr std::string_view kFramePolicy = "frame-ancestors 'self'";

// "X-Debug-*" as FoldedNames has it.
std::string_view name_of(std::string_view entry) {
  if (entry.ends_with('*')) entry.remove_suffix(1);
  return entry;
}

void take_out(const HeaderChanges& changes, FoldedNames& into) {
  for (const IdentityHeaderSettings& header : changes.set) into.add_exactly(header.header);
  for (const std::string& entry : changes.remove) {
    if (entry.ends_with('*'))
      into.add(name_of(entry));
    else
      into.add_exactly(entry);
  }
}

bool sets_frames(const Fields& fields) {
  return std::any_of(fields.all().begin(), fields.all().end(), [](const Field& field) {
    return iequals(field.name, "X-Frame-Options") ||
           (iequals(field.name, "Content-Security-Policy") &&
            ascii_lower(field.value).find("frame-ancestors") != std::string::npos);
  });
}

}  // namespace

RequestFieldChanges::RequestFieldChanges(const Settings& settings, const RouteSettings& route) {
  const HeaderChanges changes = request_changes_of(settings, route);
  for (const std::string& name : route.pass_headers) passed_.add_exactly(name);
  take_out(changes, taken_out_);
  is_empty_ = route.pass_headers.empty() && changes.set.empty() && changes.remove.empty();
}

AnswerFieldChanges::AnswerFieldChanges(const Settings& settings, const RouteSettings& route)
    : changes_(response_changes_of(settings, route)), preset_(answer_preset_of(settings, route)) {
  take_out(changes_, taken_out_);
  is_empty_ = lp::is_empty(changes_) && preset_ == AnswerPreset::none;
}

Fields AnswerFieldChanges::applied_to(const Fields& fields, bool is_https) const {
  Fields applied;
  for (const Field& field : fields.all()) {
    if (!taken_out_.contains(field.name)) applied.add(field.name, field.value);
  }
  for (const auto* headers : {&changes_.set, &changes_.add}) {
    for (const IdentityHeaderSettings& header : *headers) applied.add(header.header, header.constant);
  }
  if (preset_ == AnswerPreset::security) add_preset(applied, is_https);
  return applied;
}

// A second Content-Security-Policy counts beside the app's own, which says nothing of frames.
void AnswerFieldChanges::add_preset(Fields& fields, bool is_https) const {
  const auto add = [&](std::string_view name, std::string_view value) {
    if (!fields.has(name)) fields.add(name, value);
  };
  if (is_https) add("Strict-Transport-Security", "max-age=31536000");
  add("X-Content-Type-Options", "nosniff");
  add("Referrer-Policy", "strict-origin-when-cross-origin");
  if (sets_frames(fields)) return;
  fields.add("X-Frame-Options", "SAMEORIGIN");
  fields.add("Content-Security-Policy", kFramePolicy);
}

FieldsOfRoutes::FieldsOfRoutes(const Settings& settings) {
  for (const RouteSettings& route : settings.routes) {
    const auto at = static_cast<std::size_t>(route.index);
    if (by_route_.size() <= at) by_route_.resize(at + 1);
    RouteFields& fields = by_route_[at];
    auto request = std::make_unique<const RequestFieldChanges>(settings, route);
    if (!request->is_empty()) fields.request = std::move(request);
    auto answer = std::make_unique<const AnswerFieldChanges>(settings, route);
    if (!answer->is_empty()) fields.answer = std::move(answer);
    if (route.rewrite_location) fields.addresses = std::make_unique<const AddressMap>(settings, route);
  }
}

}  // namespace lp
