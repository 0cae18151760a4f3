#include "config/options/option.h"

namespace lp {

std::string Group::element_path() const { return std::string(path) + (kind == Kind::list ? "[]" : ".*"); }

}  // namespace lp
