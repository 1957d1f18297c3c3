#pragma once

#include <cstdint>
#include <span>

namespace tickgate::load {

/// What one client received. Clients of one group asked for the same and are owed the same.
struct ClientDeliveries {
    std::uint32_t group = 0;
    std::uint64_t deliveries = 0;
};

/// How evenly clients with equal subscriptions were served. A client's share is what it received over the mean of its
/// group, so groups that are owed different amounts can be looked at together.
struct Fairness {
    double jain = 1;  ///< Jain's index of the shares: 1 where all are equal, 1/n where one client got everything
    double least_share = 1;
    double most_share = 1;
    std::uint64_t least = 0;  ///< deliveries to one client
    std::uint64_t most = 0;
};

/// Groups without any delivery do not count.
[[nodiscard]] Fairness fairness_of(std::span<const ClientDeliveries> clients);

}  // namespace tickgate::load
