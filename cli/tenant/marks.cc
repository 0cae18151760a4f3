#include "cli/tenant/marks.h"

#include "cli/tenant/json_merge.h"

namespace lp {

bool was_made_here(const nlohmann::json& application) {
  return text_at(object_at(application, "customData"), kManagedBy) == kOurName;
}

std::vector<std::string> our_list(const nlohmann::json& application, const char* name) {
  const nlohmann::json ours = object_at(object_at(application, "customData"), kOurData);
  return ours.contains(name) ? texts_of_json(ours[name]) : std::vector<std::string>();
}

}  // namespace lp
