#include "tests/gateway/allocation_counter.hpp"

#include <cstddef>
#include <cstdlib>
#include <new>

namespace {

bool counts = false;
std::uint64_t allocations = 0;

void* allocate(std::size_t size, std::size_t alignment) {
    if (counts) ++allocations;
    void* const memory = std::aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
    if (memory == nullptr) throw std::bad_alloc{};
    return memory;
}

}  // namespace

void* operator new(std::size_t size) {
    return allocate(size, alignof(std::max_align_t));
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    return allocate(size, static_cast<std::size_t>(alignment));
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
    std::free(memory);
}

namespace tickgate::test {

AllocationCounter::AllocationCounter() {
    allocations = 0;
    counts = true;
}

AllocationCounter::~AllocationCounter() {
    counts = false;
}

std::uint64_t AllocationCounter::count() const {
    return allocations;
}

}  // namespace tickgate::test
