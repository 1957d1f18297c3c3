#pragma once

#include <cstddef>

namespace tickgate::test {

/// Calls of operator new in this process so far. Link allocations.cpp: it replaces the global operators.
[[nodiscard]] std::size_t allocations() noexcept;

}  // namespace tickgate::test
