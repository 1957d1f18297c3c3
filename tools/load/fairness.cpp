#include "tools/load/fairness.hpp"

#include <algorithm>
#include <unordered_map>

namespace tickgate::load {

namespace {

struct Group {
    double deliveries = 0;
    double clients = 0;
};

std::unordered_map<std::uint32_t, Group> groups_of(std::span<const ClientDeliveries> clients) {
    std::unordered_map<std::uint32_t, Group> groups;
    for (const ClientDeliveries& client : clients) {
        Group& group = groups[client.group];
        group.deliveries += static_cast<double>(client.deliveries);
        group.clients += 1;
    }
    return groups;
}

}  // namespace

Fairness fairness_of(std::span<const ClientDeliveries> clients) {
    Fairness fairness;
    if (clients.empty()) return fairness;
    const auto [least, most] = std::ranges::minmax(clients, {}, &ClientDeliveries::deliveries);
    fairness.least = least.deliveries;
    fairness.most = most.deliveries;
    const auto groups = groups_of(clients);
    double count = 0;
    double sum = 0;
    double squares = 0;
    for (const ClientDeliveries& client : clients) {
        const Group& group = groups.at(client.group);
        if (group.deliveries == 0) continue;
        const double share = static_cast<double>(client.deliveries) * group.clients / group.deliveries;
        fairness.least_share = std::min(fairness.least_share, share);
        fairness.most_share = std::max(fairness.most_share, share);
        count += 1;
        sum += share;
        squares += share * share;
    }
    if (squares > 0) fairness.jain = sum * sum / (count * squares);
    return fairness;
}

}  // namespace tickgate::load
