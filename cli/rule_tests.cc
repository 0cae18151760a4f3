#include "cli/rule_tests.h"

#include <optional>

#include "base/encoding.h"
#include "cli/realm_judges.h"
#include "cli/requirement_lines.h"
#include "proxy/judge/judge.h"

namespace lp {
namespace {

using Expect = RuleTestSettings::Expect;

Judgement::Outcome outcome_of(Expect expect) {
  switch (expect) {
    case Expect::allow:
      return Judgement::Outcome::allow;
    case Expect::deny:
      return Judgement::Outcome::deny;
    case Expect::sign_in:
      return Judgement::Outcome::sign_in;
    case Expect::unauthenticated:
      return Judgement::Outcome::unauthenticated;
    case Expect::not_found:
      return Judgement::Outcome::not_found;
    case Expect::bad_request:
      return Judgement::Outcome::bad_request;
    case Expect::misdirected:
      return Judgement::Outcome::misdirected;
  }
  return Judgement::Outcome::bad_request;
}

AskedRequest request_of(const RuleTestSettings& test) {
  AskedRequest asked;
  asked.method = test.method;
  asked.url = test.url;
  asked.headers.assign(test.request_headers.begin(), test.request_headers.end());
  if (!test.client.empty()) asked.client = test.client;
  asked.client_certificate = test.client_certificate;
  asked.manner = test.is_script ? AskedRequest::Manner::script : AskedRequest::Manner::navigation;
  return asked;
}

// All values of this name in a head, as an app that joins them reads them; none where it is not there.
std::optional<std::string> field_of(const std::string& head, const std::string& name) {
  std::optional<std::string> value;
  for (std::size_t begin = head.find("\r\n") + 2; begin < head.size();) {
    const std::size_t end = head.find("\r\n", begin);
    const std::string line = head.substr(begin, end - begin);
    const std::size_t colon = line.find(": ");
    if (colon != std::string::npos && iequals(line.substr(0, colon), name))
      value = value ? *value + ", " + line.substr(colon + 2) : line.substr(colon + 2);
    begin = end + 2;
  }
  return value;
}

std::string shown(const std::optional<std::string>& value) { return value ? "'" + *value + "'" : "no such field"; }

std::string status_words(const Judgement& judgement) {
  return judgement.status == 0 ? "" : " (" + std::to_string(judgement.status) + ")";
}

class TestRun {
 public:
  TestRun(const RequestJudge& judge, const RuleTestSettings& test, std::int64_t now_s)
      : judge_(judge), test_(test), now_s_(now_s) {}

  // What is wrong; empty: nothing.
  std::string failure() {
    if (!test_.as_json.empty()) {
      auto person = person_from_claims(test_.as_json, judge_.settings(), now_s_);
      if (!person) return (test_.as_file.empty() ? "as: " : "as_file: ") + person.error().message;
      person_ = std::move(*person);
    }
    judgement_ = judge_.judge(request_of(test_), person_ ? &*person_ : nullptr, now_s_);
    if (judgement_.outcome != outcome_of(test_.expect)) return wrong_outcome();
    for (const auto& [name, value] : test_.expect_headers) {
      const auto found = field_of(judgement_.head, name);
      if (found != value) return "expected that the app gets " + name + ": " + shown(value) + ", found " + shown(found);
    }
    return {};
  }

 private:
  [[nodiscard]] std::string wrong_outcome() const {
    std::string text = "expected " + std::string(outcome_word(outcome_of(test_.expect))) + ", found " +
                       std::string(outcome_word(judgement_.outcome)) + status_words(judgement_) + ": " +
                       judgement_.reason;
    if (judgement_.route() == nullptr) return text;
    const RouteSettings& route = *judgement_.route();
    text += "\n    route " + route.label + (route.line > 0 ? " (line " + std::to_string(route.line) + ")" : "");
    if (!person_ && !judgement_.client_certificate) return text;
    Principal who = person_ ? person_->principal() : Principal{};
    who.organization = judgement_.organization();
    who.certificate = judgement_.client_certificate.get();
    Requirement all = route.require;
    if (route.organization.is_configured()) all.children.insert(all.children.begin(), route.organization.rule);
    std::string rules = requirement_lines(all, who, now_s_, 6);
    const std::string denied = requirement_lines(route.deny, who, now_s_, 6);
    if (!rules.empty()) text += "\n    require:\n" + rules;
    if (!denied.empty()) text += (rules.empty() ? "\n" : "") + std::string("    deny:\n") + denied;
    while (text.ends_with('\n')) text.pop_back();
    return text;
  }

  const RequestJudge& judge_;
  const RuleTestSettings& test_;
  std::int64_t now_s_;
  std::optional<Person> person_;
  Judgement judgement_;
};

std::string place_of(const RuleTestSettings& test, const std::string& config_path) {
  std::string place = config_path;
  if (test.line > 0) place += ":" + std::to_string(test.line);
  const std::string name = test.name.empty() ? test.method + " " + test.url : test.name;
  return place + ": tests[" + std::to_string(test.index) + "] '" + name + "': ";
}

}  // namespace

std::vector<std::string> failing_rule_tests(const Settings& settings, const std::string& config_path,
                                            std::int64_t now_s) {
  std::vector<std::string> failing;
  if (settings.tests.empty()) return failing;
  const RealmJudges judges(settings);
  for (const RuleTestSettings& test : settings.tests) {
    const RequestJudge& judge = judges.of(request_of(test), now_s);
    const std::string failure = TestRun(judge, test, now_s).failure();
    if (!failure.empty()) failing.push_back(place_of(test, config_path) + failure);
  }
  return failing;
}

}  // namespace lp
