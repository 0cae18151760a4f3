#include "config/options/certificate_fields.h"

#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "config/options/binding.h"
#include "config/yaml/suggest.h"

namespace lp {
namespace {

constexpr const char* kCertificateForm = "a map of what stands in it, such as { subject_cn: alice }";

// The whole of a certificate is for apps; rules have its fingerprint.
std::vector<std::string> known_certificate_fields() {
  std::vector<std::string> names(kCertificateFields.begin(), kCertificateFields.end());
  std::erase(names, name_of(CertificateField::certificate));
  return names;
}

std::string unknown_field(const std::string& name) {
  const std::vector<std::string> names = known_certificate_fields();
  if (const auto near = nearest(name, names); !near.empty()) return "unknown key, did you mean '" + near + "'?";
  std::string known;
  for (const std::string& one : names) known += (known.empty() ? "" : ", ") + one;
  return "unknown key; known here: " + known;
}

std::vector<std::string> read_field_values(const Node& node, const Reading& reading, CertificateField field) {
  std::vector<std::string> values;
  for (const Node* item : list_items(node, reading)) {
    const auto* text = scalar_text(*item, reading);
    if (text == nullptr) continue;
    auto value = certificate_value(field, *text);
    if (!value) {
      reading.problem(*item, value.error().message);
    } else {
      values.push_back(std::move(*value));
    }
  }
  if (node.is_list() && node.items.empty()) reading.problem(node, "expected at least one text, found an empty list");
  return values;
}

ClientCertificate shown_in_test(const std::vector<CertificateTest::Wanted>& fields) {
  ClientCertificate shown;
  shown.not_after_s = std::numeric_limits<std::int64_t>::max();
  for (const CertificateTest::Wanted& one : fields) shown.of(one.field) = one.any_of;
  return shown;
}

std::vector<CertificateTest::Wanted> fields_of(const ClientCertificate& shown) {
  std::vector<CertificateTest::Wanted> fields;
  for (std::size_t i = 0; i < shown.values.size(); ++i) {
    if (!shown.values[i].empty()) fields.push_back({static_cast<CertificateField>(i), shown.values[i]});
  }
  return fields;
}

}  // namespace

std::vector<CertificateTest::Wanted> read_certificate_fields(const Node& map, const Reading& reading) {
  std::vector<CertificateTest::Wanted> fields;
  for (const Entry& entry : map.entries) {
    const std::string key = reading.key + "." + entry.key;
    const Reading below{reading.option, reading.scope, key, reading.folder, reading.report};
    const auto field = certificate_field_named(entry.key);
    if (!field || *field == CertificateField::certificate) {
      reading.report.problem_at(entry.mark, key, unknown_field(entry.key));
    } else {
      fields.push_back({*field, read_field_values(entry.value, below, *field)});
    }
  }
  return fields;
}

Node print_certificate_fields(const std::vector<CertificateTest::Wanted>& fields) {
  Node map = Node::empty_map();
  for (const CertificateTest::Wanted& one : fields)
    map.entries.push_back({std::string(name_of(one.field)), {}, Node::list(one.any_of)});
  return map;
}

CertificateTest read_certificate_test(const Node& node, const Reading& reading) {
  if (node.broken || (node.is_scalar() && node.text == "true")) return {};
  if (node.is_map() && !node.entries.empty()) return {read_certificate_fields(node, reading)};
  reading.problem(node, "expected true, or " + std::string(kCertificateForm) + ", found " +
                            (node.is_map() ? std::string("nothing") : node.describe()));
  return {};
}

Node print_certificate_test(const CertificateTest& test) {
  return test.all_of.empty() ? Node::scalar("true") : print_certificate_fields(test.all_of);
}

Binding test_certificate_binding() {
  return {[](const Node& node, const Reading& reading) {
            if (!node.is_map()) return reading.problem(node, "expected " + std::string(kCertificateForm));
            reading.scope.test->client_certificate = shown_in_test(read_certificate_fields(node, reading));
          },
          [](const Scope& scope) {
            const auto& shown = scope.test->client_certificate;
            return shown ? print_certificate_fields(fields_of(*shown)) : Node();
          }};
}

}  // namespace lp
