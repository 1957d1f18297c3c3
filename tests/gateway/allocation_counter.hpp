#pragma once

#include <cstdint>

namespace tickgate::test {

/// Counts what operator new is asked for while it lives. Links a replacement of operator new.
class AllocationCounter {
public:
    AllocationCounter();
    ~AllocationCounter();
    AllocationCounter(const AllocationCounter&) = delete;
    AllocationCounter& operator=(const AllocationCounter&) = delete;

    [[nodiscard]] std::uint64_t count() const;
};

}  // namespace tickgate::test
