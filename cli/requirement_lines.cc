#include "cli/requirement_lines.h"

#include "auth/rules/explain_requirement.h"

namespace lp {
namespace {

constexpr std::size_t kSeenColumn = 52;

void append(std::string& out, const ExplainedRequirement& node, std::size_t indent) {
  std::string line(indent, ' ');
  line += (node.holds ? "yes  " : "no   ") + requirement_heading(*node.requirement);
  if (!node.seen.empty()) {
    line.append(line.size() < kSeenColumn ? kSeenColumn - line.size() : 0, ' ');
    line += "  " + node.seen;
  }
  out += line + "\n";
  for (const ExplainedRequirement& child : node.children) append(out, child, indent + 2);
}

}  // namespace

std::string requirement_lines(const Requirement& root, const Principal& who, std::int64_t now_s, std::size_t indent) {
  std::string out;
  for (const ExplainedRequirement& child : explain_requirement(root, who, now_s).children) append(out, child, indent);
  return out;
}

}  // namespace lp
