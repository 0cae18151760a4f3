#pragma once
#include <string>
#include <vector>

namespace lp {

struct ExplainOptions {
  std::string config_path;
  std::string url;
  std::string method = "GET";
  std::string as_file;               // claims as JSON; empty: nobody is signed in
  std::vector<std::string> headers;  // "Name: value"
  std::string client = "127.0.0.1";
  std::string certificate_file;  // PEM: that the connection has shown; empty: none
  bool script = false;
  bool json = false;
};
// Says what becomes of one request and why: 0 when it may pass, 1 when not, 2 for a mistake in the question.
[[nodiscard]] int run_explain(const ExplainOptions& options);

}  // namespace lp
