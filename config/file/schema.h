#pragma once
#include <string>

namespace lp {

// The option table as a JSON schema (draft 7), for editors: they complete keys, show what each does and mark what is
// misspelt, while it is typed. Laxer than the loader, which knows the rules across keys; never stricter: what loads is
// valid here (tests/config/file/schema_test.cc).
[[nodiscard]] std::string config_schema();

}  // namespace lp
