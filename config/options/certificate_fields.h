#pragma once
#include <vector>

#include "config/options/option_table.h"
#include "config/requirement.h"

namespace lp {

// A map of what stands in a client's certificate (base/client_certificate.h) to a text, or a list of them. Reports what
// it is not.
[[nodiscard]] std::vector<CertificateTest::Wanted> read_certificate_fields(const Node& map, const Reading& reading);
[[nodiscard]] Node print_certificate_fields(const std::vector<CertificateTest::Wanted>& fields);

// `require: { client_certificate: ... }`: true, or such a map.
[[nodiscard]] CertificateTest read_certificate_test(const Node& node, const Reading& reading);
[[nodiscard]] Node print_certificate_test(const CertificateTest& test);

// `tests[].client_certificate`: what is in the one that the connection has shown.
[[nodiscard]] Binding test_certificate_binding();

}  // namespace lp
