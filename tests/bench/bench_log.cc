#include <fcntl.h>

#include <string>

#include "base/log.h"
#include "bench.h"
#include "proxy/exchange/access_log.h"

int main() {
  using namespace lp;
  using namespace lp::bench;
  AccessRecord record;
  record.time_unix_ms = 1'795'326'146'123;
  record.id = "0123456789abcdef";
  record.client = "192.0.2.1";
  record.method = "GET";
  record.host = "app.test";
  record.path = "/app1/wiki/page";
  record.route = "#1 /app1/*";
  record.decision = "pass";
  record.upstream = "app";
  record.sub = "4q5w6e7r8t9y";
  record.status = 200;
  record.bytes_in = 1234;
  record.bytes_out = 5120;
  record.duration_ms = 12;
  record.upstream_ms = 11;
  std::string line;
  report("access log: make a line", [&] {
    line.clear();
    append_access_line(line, record);
    keep(line);
  });
  // What the thread that serves pays. Lines that find the buffer full would cost less, so it is large.
  const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  Log log{{nowhere, -1, std::size_t{256} << 20, LogLevel::error}};
  report("access log: make a line and hand it over", [&] {
    line.clear();
    append_access_line(line, record);
    log.access(line);
  });
  if (log.dropped() > 0) std::printf("%llu lines found no room\n", static_cast<unsigned long long>(log.dropped()));
}
