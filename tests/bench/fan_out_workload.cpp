#include "tests/bench/fan_out_workload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <random>

#include "gateway/websocket_frame.hpp"

namespace tickgate::bench {

std::vector<std::uint32_t> symbols_of(const Workload& workload, std::uint32_t client) {
    std::vector<std::uint32_t> all(workload.symbols);
    std::iota(all.begin(), all.end(), 0U);
    std::mt19937 random{client};
    std::shuffle(all.begin(), all.end(), random);
    all.resize(workload.symbols_each);
    return all;
}

std::string subscription_of(const Workload& workload, std::uint32_t client) {
    std::string json = R"({"op":"subscribe","id":1,"channel":"book","depth":10,"rate_ms":0,"symbols":[)";
    for (const std::uint32_t symbol : symbols_of(workload, client)) json += fmt::format(R"("SYN:S{}",)", symbol);
    json.back() = ']';
    json += '}';
    // A mask of zeros leaves the payload as it is.
    std::string frame{gateway::FrameHeader{gateway::Opcode::Text, json.size()}.bytes()};
    frame[1] = static_cast<char>(static_cast<unsigned char>(frame[1]) | 0x80U);
    return frame + std::string(4, '\0') + json;
}

}  // namespace tickgate::bench
