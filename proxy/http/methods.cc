#include "proxy/http/methods.h"

#include "base/encoding.h"

namespace lp {

bool is_refused_method(std::string_view method) { return iequals(method, "TRACE") || iequals(method, "CONNECT"); }

}  // namespace lp
