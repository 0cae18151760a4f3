#pragma once
#include <string>
#include <vector>

#include "auth/loops/detective.h"
#include "auth/pages/pages.h"

// A loop's cause and its evidence in words. Pure.
namespace lp {

// What is wrong, what a visitor can do and what the operator can do, in this order.
[[nodiscard]] std::vector<std::string> loop_paragraphs(const LoopFinding& finding, const Language& language);
[[nodiscard]] std::vector<std::string> loop_evidence(const LoopFinding& finding, const Language& language);
// The evidence on one line, in English, for the log.
[[nodiscard]] std::string loop_evidence_line(const LoopFinding& finding);

// PageKind::loop_stopped with all of it; `facts` as for any page, return_to being what "try again" leads to.
[[nodiscard]] Answer make_loop_page(PageFacts facts, const LoopFinding& finding);

}  // namespace lp
