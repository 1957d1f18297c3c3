#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "tests/bench/fan_out_workload.hpp"

namespace tickgate::bench {

/// A workload's clients, in a process of their own on the last core: each connects over loopback TCP, sends its
/// subscription and takes what comes without looking at it. They end when their connections do.
class Readers {
public:
    /// Errors: std::system_error.
    explicit Readers(const Workload& workload);
    ~Readers();
    Readers(const Readers&) = delete;
    Readers& operator=(const Readers&) = delete;

    /// Our ends, non-blocking, by client. Whoever uses them closes them.
    [[nodiscard]] const std::vector<int>& sockets() const noexcept { return sockets_; }

private:
    pid_t process_ = -1;
    std::vector<int> sockets_;
};

}  // namespace tickgate::bench
