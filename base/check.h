#pragma once
#include <cstdio>
#include <cstdlib>

// A broken invariant ends the process with a message: carrying on with a state that should not exist is how a guard
// lets somebody through. Never for input from outside: that is an Error value.
#define LP_CHECK(condition, message)                                                                         \
  do {                                                                                                       \
    if (!(condition)) [[unlikely]] {                                                                         \
      std::fprintf(stderr, "%s:%d: broken invariant: %s (%s)\n", __FILE__, __LINE__, (message), #condition); \
      std::abort();                                                                                          \
    }                                                                                                        \
  } while (false)
