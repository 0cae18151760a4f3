#include "config/options/requirement_binding.h"

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/encoding.h"
#include "config/options/certificate_fields.h"
#include "config/options/option_bindings.h"
#include "config/value.h"
#include "config/yaml/suggest.h"

namespace lp {
namespace {

using RequirementKind = Requirement::Kind;

struct NamedRule {
  std::string_view name;
  RequirementKind kind;
  Parse<std::string> parse;
};

Result<std::string> parse_email_address(std::string_view text) {
  const auto at = text.find('@');
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  const bool one = at != std::string_view::npos && at > 0 && text.find('@', at + 1) == std::string_view::npos;
  if (plain && one && is_host(ascii_lower(text.substr(at + 1)))) return std::string(text);
  return expected("an e-mail address", text);
}

Result<std::string> parse_email_domain(std::string_view text) {
  if (const std::string host = ascii_lower(text); is_host(host)) return host;
  return expected("a domain such as example.com, without '@'", text);
}

// ROLE alone is one in the route's own organization (config/check/organizations.h).
Result<std::string> parse_organization_role(std::string_view text) {
  const auto colon = text.find(':');
  const bool is_alone = colon == std::string_view::npos && !text.empty();
  if (is_alone || (colon > 0 && colon + 1 < text.size())) return parse_nonempty_text(text);
  return expected("ORGANIZATION_ID:ROLE, or ROLE on a route with organization", text);
}

const NamedRule kLists[] = {
    {"roles", RequirementKind::roles, parse_nonempty_text},
    {"scopes", RequirementKind::scopes, parse_visible_text},
    {"organizations", RequirementKind::organizations, parse_nonempty_text},
    {"organization_roles", RequirementKind::organization_roles, parse_organization_role},
    {"social", RequirementKind::social, parse_social_target},
    {"email", RequirementKind::email, parse_email_address},
    {"email_domain", RequirementKind::email_domain, parse_email_domain},
};
const NamedRule kGroups[] = {
    {"all", RequirementKind::all, {}}, {"any", RequirementKind::any, {}}, {"not", RequirementKind::none, {}}};

struct NamedTest {
  std::string_view name;
  ClaimTest::Kind kind;
};
constexpr NamedTest kTests[] = {
    {"equals", ClaimTest::Kind::equals}, {"one_of", ClaimTest::Kind::one_of}, {"contains", ClaimTest::Kind::contains},
    {"regex", ClaimTest::Kind::regex},   {"exists", ClaimTest::Kind::exists},
};

template <class Row, std::size_t N>
const Row* row_named(const Row (&rows)[N], std::string_view name) {
  const auto found = std::find_if(std::begin(rows), std::end(rows), [&](const Row& row) { return row.name == name; });
  return found == std::end(rows) ? nullptr : &*found;
}

template <class Row, std::size_t N, class Of>
std::string_view name_of(const Row (&rows)[N], Of kind) {
  for (const Row& row : rows) {
    if (row.kind == kind) return row.name;
  }
  return {};
}

// A value below the option's own, with its longer key for messages.
class Below {
 public:
  Below(const Reading& reading, std::string_view name)
      : key_(reading.key + "." + std::string(name)),
        inner_{reading.option, reading.scope, key_, reading.folder, reading.report} {}
  Below(const Reading& reading, std::size_t index)
      : key_(reading.key + "[" + std::to_string(index) + "]"),
        inner_{reading.option, reading.scope, key_, reading.folder, reading.report} {}
  Below(const Below&) = delete;
  Below& operator=(const Below&) = delete;
  [[nodiscard]] const Reading& reading() const { return inner_; }

 private:
  std::string key_;
  Reading inner_;
};

void read_rules(const Node& map, const Reading& reading, std::vector<Requirement>& into);

bool is_filled_map(const Node& node, const Reading& reading, const std::string& what) {
  if (node.broken) return false;
  if (node.is_map() && !node.entries.empty()) return true;
  reading.problem(
      node, "expected " + what + ", found " +
                (node.is_map() || node.is_null() ? std::string("nothing: everybody would meet it") : node.describe()));
  return false;
}

Result<std::string> parse_any_text(std::string_view text) { return std::string(text); }

std::vector<std::string> read_texts(const Node& node, const Reading& reading, Parse<std::string> parse) {
  std::vector<std::string> texts;
  if (node.is_list() && node.items.empty()) {
    reading.problem(node, "expected at least one element, found an empty list (leave the key out instead)");
  }
  if (node.is_map() || node.is_null()) {
    reading.problem(node, "expected a list of texts, found " + node.describe());
    return texts;
  }
  const auto add = [&](const Node& item) {
    if (item.broken) return;
    if (!item.is_scalar()) return reading.problem(item, "expected a text, found " + item.describe());
    auto text = parse(item.text);
    if (!text) return reading.problem(item, text.error().message);
    texts.push_back(std::move(*text));
  };
  if (node.is_scalar() && parse != parse_any_text && node.text.find(',') != std::string::npos) {
    reading.report.warning(reading.key,
                           "'" + node.text + "' is one text with a comma in it: several are written [a, b]");
  }
  if (node.is_scalar()) add(node);
  for (const Node& item : node.items) add(item);
  return texts;
}

void read_pattern(const Node& node, const Reading& reading, ClaimTest& test) {
  if (node.broken) return;
  if (!node.is_scalar()) return reading.problem(node, "expected an RE2 pattern, found " + node.describe());
  auto pattern = TextPattern::parse("~ " + node.text);
  if (!pattern) return reading.problem(node, pattern.error().message);
  test.pattern = std::move(*pattern);
}

void read_operand(const Node& node, const Reading& reading, ClaimTest& test) {
  switch (test.kind) {
    case ClaimTest::Kind::regex:
      return read_pattern(node, reading, test);
    case ClaimTest::Kind::exists:
      if (!node.broken && (!node.is_scalar() || node.text != "true"))
        reading.problem(node, "expected true (or `not:`)");
      return;
    case ClaimTest::Kind::equals:
      if (node.is_list()) return reading.problem(node, "expected one text, found a list: use one_of");
      [[fallthrough]];
    default:
      test.values = read_texts(node, reading, parse_any_text);
  }
}

void read_claim_tests(const Node& node, const Reading& reading, const std::string& claim,
                      std::vector<Requirement>& into) {
  const auto add = [&](ClaimTest::Kind kind, const Node& operand, const Reading& at) {
    Requirement made;
    made.kind = RequirementKind::claim;
    made.test.claim = claim;
    made.test.kind = kind;
    read_operand(operand, at, made.test);
    into.push_back(std::move(made));
  };
  if (node.is_scalar()) return add(ClaimTest::Kind::equals, node, reading);
  if (node.is_list()) return add(ClaimTest::Kind::one_of, node, reading);
  if (!is_filled_map(node, reading, "a value, or equals, one_of, contains, regex or exists")) return;
  for (const Entry& entry : node.entries) {
    const Below below(reading, entry.key);
    if (const NamedTest* test = row_named(kTests, entry.key)) {
      add(test->kind, entry.value, below.reading());
    } else {
      below.reading().report.problem_at(entry.mark, below.reading().key,
                                        "unknown operator; known: equals, one_of, contains, regex, exists");
    }
  }
}

void read_claims(const Node& node, const Reading& reading, std::vector<Requirement>& into) {
  if (!is_filled_map(node, reading, "a map of claims")) return;
  for (const Entry& entry : node.entries) {
    const Below below(reading, entry.key);
    if (entry.key.empty()) return reading.problem(node, "expected the name of a claim, found nothing");
    read_claim_tests(entry.value, below.reading(), entry.key, into);
  }
}

void read_max_age(const Node& node, const Reading& reading, std::vector<Requirement>& into) {
  if (node.broken) return;
  const auto ms = node.is_scalar() ? parse_duration(node.text) : Result<std::int64_t>(Error{"expected a duration"});
  if (!ms) return reading.problem(node, ms.error().message);
  if (*ms < kSecond || *ms > 400 * kDay) return reading.problem(node, "expected a duration from 1s to 400d");
  Requirement made;
  made.kind = RequirementKind::max_age;
  made.max_age_s = *ms / kSecond;
  into.push_back(std::move(made));
}

Result<std::string> parse_campaign_id(std::string_view text) {
  const bool digits = std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (digits && !text.empty() && text.size() <= 20) return std::string(text);
  return expected("the id of a campaign at Patreon, which is a number", text);
}

std::optional<std::int64_t> read_cents(const Node& node) {
  const auto cents = node.is_scalar() ? parse_count(node.text) : Result<std::int64_t>(Error{"no scalar"});
  constexpr std::int64_t kMost = 100'000'000;
  return cents && *cents >= 0 && *cents <= kMost ? std::optional(*cents) : std::nullopt;
}

void read_patreon_member(const Entry& entry, const Reading& reading, PatreonTest& test) {
  const Node& node = entry.value;
  if (entry.key == "tier") {
    test.tiers = read_texts(node, reading, parse_nonempty_text);
  } else if (entry.key == "campaign") {
    if (node.broken) return;
    auto id = node.is_scalar() ? parse_campaign_id(node.text) : parse_campaign_id("");
    if (!id) return reading.problem(node, node.is_scalar() ? id.error().message : "expected one id of a campaign");
    test.campaign = std::move(*id);
  } else if (entry.key == "active") {
    const auto active = node.is_scalar() ? parse_bool(node.text) : Result<bool>(Error{"expected true or false"});
    if (!active && !node.broken) reading.problem(node, "expected true or false, found " + node.describe());
    if (active) test.active = *active;
  } else if (entry.key == "min_cents") {
    const auto cents = read_cents(node);
    if (!cents && !node.broken) reading.problem(node, "expected a number of cents, found " + node.describe());
    if (cents) test.min_cents = *cents;
  } else {
    reading.report.problem_at(entry.mark, reading.key, "unknown key; known: campaign, tier, active, min_cents");
  }
}

void read_patreon(const Node& node, const Reading& reading, std::vector<Requirement>& into) {
  if (!is_filled_map(node, reading, "a map with campaign, and maybe tier, active and min_cents")) return;
  Requirement made;
  made.kind = RequirementKind::patreon;
  for (const Entry& entry : node.entries) {
    const Below below(reading, entry.key);
    read_patreon_member(entry, below.reading(), made.patreon);
  }
  if (node.find("campaign") == nullptr) {
    reading.problem(node, "expected campaign: without it any creator's tier of that name would do");
  }
  into.push_back(std::move(made));
}

// Each element of a group is a map of rules that hold together.
void read_group(const Node& node, const Reading& reading, RequirementKind kind, std::vector<Requirement>& into) {
  if (node.broken) return;
  Requirement group;
  group.kind = kind;
  const auto add = [&](const Node& item, const Reading& at) {
    if (!is_filled_map(item, at, "a map of rules")) return;
    std::vector<Requirement> rules;
    read_rules(item, at, rules);
    if (rules.size() == 1) return group.children.push_back(std::move(rules.front()));
    Requirement together;
    together.children = std::move(rules);
    group.children.push_back(std::move(together));
  };
  if (kind == RequirementKind::none && node.is_map()) {
    add(node, reading);
  } else if (!node.is_list() || node.items.empty()) {
    return reading.problem(node, "expected a list of maps of rules, found " + node.describe());
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) add(node.items[i], Below(reading, i + 1).reading());
  into.push_back(std::move(group));
}

std::string unknown_rule(const std::string& name) {
  std::vector<std::string> names = {"claims", "max_age", "patreon", "client_certificate"};
  for (const auto& row : kLists) names.emplace_back(row.name);
  for (const auto& row : kGroups) names.emplace_back(row.name);
  if (const auto near = nearest(name, names); !near.empty()) return "unknown rule, did you mean '" + near + "'?";
  std::string known;
  for (const auto& one : names) known += (known.empty() ? "" : ", ") + one;
  return "unknown rule; known here: " + known;
}

void read_rule(const Entry& entry, const Reading& reading, std::vector<Requirement>& into) {
  const Node& node = entry.value;
  reading.report.remember(reading.key, node.is_scalar() ? node.mark : entry.mark);
  if (const NamedRule* list = row_named(kLists, entry.key)) {
    Requirement made;
    made.kind = list->kind;
    made.any_of = read_texts(node, reading, list->parse);
    into.push_back(std::move(made));
  } else if (const NamedRule* group = row_named(kGroups, entry.key)) {
    read_group(node, reading, group->kind, into);
  } else if (entry.key == "claims") {
    read_claims(node, reading, into);
  } else if (entry.key == "max_age") {
    read_max_age(node, reading, into);
  } else if (entry.key == "patreon") {
    read_patreon(node, reading, into);
  } else if (entry.key == "client_certificate") {
    Requirement made;
    made.kind = RequirementKind::client_certificate;
    made.certificate = read_certificate_test(node, reading);
    into.push_back(std::move(made));
  } else {
    reading.report.problem_at(entry.mark, reading.key, unknown_rule(entry.key));
  }
}

void read_rules(const Node& map, const Reading& reading, std::vector<Requirement>& into) {
  for (const Entry& entry : map.entries) read_rule(entry, Below(reading, entry.key).reading(), into);
}

// ---- printing ----

void add_entry(Node& map, std::string_view key, Node value) {
  map.entries.push_back({std::string(key), {}, std::move(value)});
}

Node* entry_named(Node& map, std::string_view key) {
  for (Entry& entry : map.entries) {
    if (entry.key == key) return &entry.value;
  }
  return nullptr;
}

Node print_operand(const ClaimTest& test) {
  switch (test.kind) {
    case ClaimTest::Kind::regex:
      return Node::scalar(test.pattern.text().substr(2));
    case ClaimTest::Kind::exists:
      return Node::scalar("true");
    case ClaimTest::Kind::equals:
      return Node::scalar(test.values.empty() ? std::string() : test.values.front());
    default:
      return Node::list(test.values);
  }
}

Node print_rules(const std::vector<Requirement>& rules);

void print_claim(Node& map, const ClaimTest& test) {
  if (entry_named(map, "claims") == nullptr) add_entry(map, "claims", Node::empty_map());
  Node& claims = *entry_named(map, "claims");
  if (entry_named(claims, test.claim) == nullptr) add_entry(claims, test.claim, Node::empty_map());
  add_entry(*entry_named(claims, test.claim), name_of(kTests, test.kind), print_operand(test));
}

Node print_patreon(const PatreonTest& test) {
  Node map = Node::empty_map();
  add_entry(map, "campaign", Node::scalar(test.campaign));
  if (!test.tiers.empty()) add_entry(map, "tier", Node::list(test.tiers));
  add_entry(map, "active", Node::scalar(test.active ? "true" : "false"));
  if (test.min_cents > 0) add_entry(map, "min_cents", Node::scalar(std::to_string(test.min_cents)));
  return map;
}

Node print_group(const Requirement& group) {
  Node list;
  list.kind = Node::Kind::list;
  for (const Requirement& child : group.children) {
    list.items.push_back(child.kind == RequirementKind::all ? print_rules(child.children) : print_rules({child}));
  }
  return list;
}

Node print_rules(const std::vector<Requirement>& rules) {
  Node map = Node::empty_map();
  for (const Requirement& rule : rules) {
    if (const auto list = name_of(kLists, rule.kind); !list.empty()) {
      add_entry(map, list, Node::list(rule.any_of));
    } else if (rule.kind == RequirementKind::claim) {
      print_claim(map, rule.test);
    } else if (rule.kind == RequirementKind::max_age) {
      add_entry(map, "max_age", Node::scalar(format_duration(rule.max_age_s * kSecond)));
    } else if (rule.kind == RequirementKind::patreon) {
      add_entry(map, "patreon", print_patreon(rule.patreon));
    } else if (rule.kind == RequirementKind::client_certificate) {
      add_entry(map, "client_certificate", print_certificate_test(rule.certificate));
    } else {
      add_entry(map, name_of(kGroups, rule.kind), print_group(rule));
    }
  }
  return map;
}

FieldCondition read_condition(const Entry& entry, const Reading& reading,
                              Result<std::string> (*parse_name)(std::string_view)) {
  FieldCondition condition;
  auto name = parse_name(entry.key);
  if (!name) reading.report.problem_at(entry.mark, reading.key, name.error().message);
  condition.name = entry.key;
  for (const std::string& text : read_texts(entry.value, reading, parse_any_text)) {
    auto pattern = TextPattern::parse(text);
    if (!pattern) {
      reading.problem(entry.value, pattern.error().message);
    } else {
      condition.any_of.push_back(std::move(*pattern));
    }
  }
  return condition;
}

}  // namespace

Binding requirement_binding(Field<Requirement> field, RequirementKind root) {
  return {[=](const Node& node, const Reading& reading) {
            Requirement tree;
            tree.kind = root;
            if (is_filled_map(node, reading, "a map of rules such as roles: [admin]")) {
              read_rules(node, reading, tree.children);
            }
            field(reading.scope) = std::move(tree);
          },
          [=](const Scope& scope) {
            const Requirement& tree = field(scope);
            return tree.children.empty() ? Node() : print_rules(tree.children);
          }};
}

Binding field_conditions_binding(Field<std::vector<FieldCondition>> field,
                                 Result<std::string> (*parse_name)(std::string_view)) {
  return {[=](const Node& node, const Reading& reading) {
            if (!is_filled_map(node, reading, "a map of names to texts")) return;
            for (const Entry& entry : node.entries) {
              field(reading.scope).push_back(read_condition(entry, Below(reading, entry.key).reading(), parse_name));
            }
          },
          [=](const Scope& scope) {
            Node map = Node::empty_map();
            for (const FieldCondition& condition : field(scope)) {
              std::vector<std::string> texts;
              for (const TextPattern& pattern : condition.any_of) texts.push_back(pattern.text());
              add_entry(map, condition.name, Node::list(std::move(texts)));
            }
            return map.entries.empty() ? Node() : map;
          }};
}

}  // namespace lp
