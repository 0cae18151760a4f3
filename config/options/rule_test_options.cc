#include "config/options/rule_test_options.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/encoding.h"
#include "config/options/binding.h"
#include "config/options/certificate_fields.h"
#include "config/options/json_text.h"
#include "config/options/list_group.h"
#include "config/options/option_bindings.h"
#include "config/value.h"

namespace lp {
namespace {

using Table = std::vector<Option>;
using Expect = RuleTestSettings::Expect;

// Only what a request line can carry; what the proxy makes of it is what the test is about.
Result<std::string> parse_test_url(std::string_view text) {
  const std::size_t scheme = text.starts_with("https://") ? 8 : text.starts_with("http://") ? 7 : 0;
  const bool visible = std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (scheme == 0 || !visible || text.size() == scheme || text[scheme] == '/')
    return expected("a URL such as https://app.example.com/admin", text);
  return std::string(text);
}

Result<std::string> parse_test_method(std::string_view text) {
  if (is_token(text)) return std::string(text);
  return expected("a method such as GET", text);
}

Result<std::string> parse_client(std::string_view text) {
  if (is_ip_literal(text)) return std::string(text);
  return expected("an IP address", text);
}

// --- claims, as YAML and as JSON ---

// A map, or JSON in a text, which is how it is printed.
Binding as_binding() {
  return {[](const Node& node, const Reading& reading) {
            const bool is_json = node.is_scalar() && node.text.starts_with('{');
            if (!node.is_map() && !is_json) return reading.problem(node, "expected claims such as {sub: alice}");
            reading.scope.test->as_json = is_json ? node.text : json_of(node);
          },
          [](const Scope& scope) {
            const RuleTestSettings& test = *scope.test;
            return test.as_json.empty() || !test.as_file.empty() ? Node() : Node::scalar(test.as_json);
          }};
}

Binding as_file_binding() {
  return {[](const Node& node, const Reading& reading) {
            const auto* name = scalar_text(node, reading);
            if (name == nullptr) return;
            std::string file = resolve_file(reading.folder, *name);
            auto text = read_small_file(file);
            if (!text) return reading.problem(node, text.error().message);
            if (text->empty()) return reading.problem(node, "expected claims as a JSON object, found an empty file");
            if (!reading.scope.test->as_json.empty())
              return reading.problem(node, "expected one of as and as_file, found both");
            reading.scope.test->as_json = std::move(*text);
            reading.scope.test->as_file = std::move(file);
          },
          [](const Scope& scope) { return scope.test->as_file.empty() ? Node() : Node::scalar(scope.test->as_file); }};
}

// --- header fields ---

// Calls take(name, value); null as a value is passed on as null.
template <class Take>
void read_fields(const Node& node, const Reading& reading, const Take& take) {
  if (!node.is_map()) return reading.problem(node, "expected a map of header fields, found " + node.describe());
  for (const Entry& entry : node.entries) {
    if (entry.value.broken) continue;
    if (!is_token(entry.key)) {
      reading.report.problem_at(entry.mark, reading.key, expected("the name of a header field", entry.key).message);
    } else if (entry.value.is_null()) {
      take(entry, nullptr);
    } else if (const auto* value = scalar_text(entry.value, reading)) {
      take(entry, value);
    }
  }
}

Binding request_headers_binding() {
  return {[](const Node& node, const Reading& reading) {
            read_fields(node, reading, [&](const Entry& entry, const std::string* value) {
              reading.scope.test->request_headers[entry.key] = value == nullptr ? "" : *value;
            });
          },
          [](const Scope& scope) {
            Node map = Node::empty_map();
            for (const auto& [name, value] : scope.test->request_headers)
              map.entries.push_back({name, {}, Node::scalar(value)});
            return map;
          }};
}

Binding expect_headers_binding() {
  return {[](const Node& node, const Reading& reading) {
            read_fields(node, reading, [&](const Entry& entry, const std::string* value) {
              auto& wanted = reading.scope.test->expect_headers[entry.key];
              if (value != nullptr) wanted = *value;
            });
          },
          [](const Scope& scope) {
            Node map = Node::empty_map();
            for (const auto& [name, value] : scope.test->expect_headers)
              map.entries.push_back({name, {}, value ? Node::scalar(*value) : Node()});
            return map;
          }};
}

void add_request(Table& table) {
  table.push_back({"tests[].name", "a text", "null", 0, 0, kPlain, "What the test is about; null: method and URL.",
                   text(LP_FIELD(test->name), parse_nonempty_text)});
  table.push_back({"tests[].url", "a URL", "", 0, 0, kRequired, "What is asked for, as a browser would show it.",
                   text(LP_FIELD(test->url), parse_test_url)});
  table.push_back(
      {"tests[].method", "a method", "GET", 0, 0, kPlain, "", text(LP_FIELD(test->method), parse_test_method)});
  table.push_back({"tests[].headers", "a map of header fields", "{}", 0, 0, kPlain, "Fields of the request.",
                   request_headers_binding()});
  table.push_back({"tests[].script", "true or false", "false", 0, 0, kPlain,
                   "A request of a script; else a person follows a link.", boolean(LP_FIELD(test->is_script))});
  table.push_back({"tests[].client", "an IP address", "null", 0, 0, kPlain,
                   "Where the request comes from; null: 127.0.0.1.", text(LP_FIELD(test->client), parse_client)});
}

void add_person(Table& table) {
  table.push_back({"tests[].as", "a map of claims", "null", 0, 0, kPlain,
                   "Who asks, as an ID token tells it, and scopes or authenticated_ago; null: nobody.", as_binding()});
  table.push_back(
      {"tests[].as_file", "a file", "null", 0, 0, kPlain, "A file with these claims as JSON.", as_file_binding()});
  table.push_back({"tests[].client_certificate", "a map of what stands in it", "null", 0, 0, kPlain,
                   "The certificate that the connection has shown, and that was accepted; null: none.",
                   test_certificate_binding()});
}

void add_expectation(Table& table) {
  table.push_back({"tests[].expect", "allow, deny, sign_in, unauthenticated, not_found, bad_request or misdirected", "",
                   0, 0, kRequired, "What must come of it: the app, 403, Logto, 401, 404, 400 or 421.",
                   choice<Expect>(LP_FIELD(test->expect), {{"allow", Expect::allow},
                                                           {"deny", Expect::deny},
                                                           {"sign_in", Expect::sign_in},
                                                           {"unauthenticated", Expect::unauthenticated},
                                                           {"not_found", Expect::not_found},
                                                           {"bad_request", Expect::bad_request},
                                                           {"misdirected", Expect::misdirected}})});
  table.push_back({"tests[].expect_headers", "a map of header fields", "{}", 0, 0, kPlain,
                   "Fields that the app must get with exactly this value; null: not at all.",
                   expect_headers_binding()});
}

}  // namespace

void add_rule_test_options(Table& table) {
  add_request(table);
  add_person(table);
  add_expectation(table);
}

Group rule_test_group() {
  return list_group(
      "tests", "", [](Settings& s) -> std::vector<RuleTestSettings>& { return s.tests; }, &Scope::test,
      &RuleTestSettings::index);
}

}  // namespace lp
