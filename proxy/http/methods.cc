#include "proxy/http/methods.h"

#include "base/encoding.h"
#include "base/one_of.h"

namespace lp {

bool is_refused_method(std::string_view method) { return iequals(method, "TRACE") || iequals(method, "CONNECT"); }

bool is_idempotent(std::string_view method) { return is_one_of(method, {"GET", "HEAD", "OPTIONS", "PUT", "DELETE"}); }

}  // namespace lp
