#pragma once

// What the process of a command says to whoever ran it.
namespace lp {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitConfig = 2;  // the configuration refuses to start

}  // namespace lp
