#pragma once

namespace lp {

// Who may still open something when the limit of open files (LimitNOFILE) comes near: client connections least,
// connections to apps a few more, so that those who are connected are served, and what remains is for Logto, Redis,
// journals and names. The kernel gives out the lowest number that is free, so a number tells that at least so many are
// in use. Any thread.
enum class DescriptorUse { client, app };

// Whether one with this number leaves the others theirs.
[[nodiscard]] bool leaves_descriptors(int fd, DescriptorUse use);
// The same of the next one that would be given out. Costs two system calls.
[[nodiscard]] bool next_leaves_descriptors(int any_open_fd, DescriptorUse use);
// After the limit was changed, or where one could not be opened: somebody may have changed it.
void read_descriptor_limit();

// Of a limit: the first number that is not for this use any more. Pure.
[[nodiscard]] int descriptors_end(long long limit, DescriptorUse use);

}  // namespace lp
