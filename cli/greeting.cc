#include "cli/greeting.h"

#include "cli/routes.h"
#include "cli/text_table.h"

namespace lp {
namespace {

std::string origins(const std::vector<Origin>& urls) {
  std::vector<std::string> texts;
  for (const Origin& url : urls) texts.push_back(url.text());
  return joined(texts, ", ");
}

std::string realm_lines(const std::string& name, const std::vector<Origin>& urls, const LogtoSettings& logto) {
  const std::string of = name.empty() ? "" : " (" + name + ")";
  std::string lines = "  open" + of + "   " + origins(urls) + "\n  Logto" + of + "  " + logto.endpoint.text();
  if (logto.connect_to) lines += ", reached at " + logto.connect_to->text();
  return lines + "\n";
}

}  // namespace

std::string greeting(const Settings& settings, const std::vector<std::string>& listening, const std::string& admin) {
  std::string text = "  listens at  " + joined(listening, ", ") + "\n  health at   " + admin + " (/healthz, /readyz)\n";
  if (settings.realms.empty()) text += realm_lines("", settings.external_urls, settings.logto);
  for (const RealmSettings& realm : settings.realms) text += realm_lines(realm.name, realm.external_urls, realm.logto);
  return text + "\n" + format_table(routes_table(settings)) +
         "\nThe first route that matches decides. Stop: Ctrl-C\n\n";
}

}  // namespace lp
