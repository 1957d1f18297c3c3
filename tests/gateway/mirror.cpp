#include "tests/gateway/mirror.hpp"

#include <fmt/format.h>

namespace tickgate::test {

using gateway::Channel;

Mirror::Mirror(Core& core, const Market& market, Random& random, Seen& seen)
    : core_{core},
      market_{market},
      random_{random},
      seen_{seen} {}

void Mirror::connect(std::size_t shard, int buffer, std::uint8_t deflate_bits, bool over_tls) {
    connection_ = over_tls ? std::make_unique<Connection>(Connection::OverTls{}, core_, shard, buffer, deflate_bits)
                           : std::make_unique<Connection>(core_, shard, buffer, deflate_bits);
    welcomed_ = false;
}

void Mirror::disconnect(bool politely, bool saves) {
    if (politely) connection_->send_close(1000);
    for (const auto& [sid, held] : held_) {
        if (saves && held.holds && held.channel != Channel::Bbo) saved_[{held.symbol, held.channel}] = held;
    }
    connection_.reset();
    pending_.clear();
    held_.clear();
    told_.clear();
}

// What it asks

void Mirror::send(Pending pending, const std::string& fields) {
    const std::uint64_t id = ++last_id_;
    connection_->send(fmt::format(R"({{"id":{},{}}})", id, fields));
    pending_.emplace_back(id, std::move(pending));
}

std::uint32_t Mirror::some_sid() {
    if (held_.empty() || random_.chance(3)) return 9'999;
    auto held = held_.begin();
    std::advance(held, random_.between(0, static_cast<std::int64_t>(held_.size()) - 1));
    return held->first;
}

void Mirror::ask() {
    using Kind = Pending::Kind;
    const auto depth = random_.one_of<std::uint32_t>({0, 1, 5, 10});
    const auto rate = random_.one_of<std::uint32_t>({0, 0, 50, 100, 1'000, 5'000});
    switch (random_.between(0, 12)) {
        case 0: {
            const std::uint32_t sid = some_sid();
            const std::uint32_t other = some_sid();
            return send({.kind = Kind::Unsubscribe, .sids = {sid, other}},
                        fmt::format(R"("op":"unsubscribe","sids":[{}{}])", sid,
                                    sid == other ? "" : "," + std::to_string(other)));
        }
        case 1:
        case 2: {
            const std::uint32_t sid = some_sid();
            const std::string changes =
                random_.chance(60) ? fmt::format(R"("rate_ms":{})", rate) : fmt::format(R"("depth":{})", depth);
            return send({.kind = Kind::Modify, .sid = sid}, fmt::format(R"("op":"modify","sid":{},{})", sid, changes));
        }
        case 3: {
            const std::uint32_t sid = some_sid();
            return send({.kind = Kind::Resync, .sid = sid}, fmt::format(R"("op":"resync","sid":{})", sid));
        }
        case 4:
            return send({.kind = Kind::List}, R"("op":"list")");
        case 5:
            return send({}, R"("op":"ping")");
        case 6:
            return send({.kind = Kind::BadSubscribe},
                        R"("op":"subscribe","channel":"book","symbols":["TEST:S0"],"depth":501)");
        default: {
            const auto last = static_cast<std::int64_t>(market_.symbols().size()) - 1;
            const auto channel = random_.one_of({Channel::Book, Channel::Book, Channel::Bbo, Channel::Trades});
            return subscribe(static_cast<std::size_t>(random_.between(0, last)), channel, depth, rate);
        }
    }
}

void Mirror::subscribe(std::size_t symbol, Channel channel, std::uint32_t depth, std::uint32_t rate_ms) {
    Pending op{.kind = Pending::Kind::Subscribe};
    const std::string& name = market_.symbols()[symbol].instrument->symbol;
    std::string fields = fmt::format(R"("op":"subscribe","channel":"{}","symbols":["{}"],"rate_ms":{})",
                                     gateway::name_of(channel), name, rate_ms);
    if (channel == Channel::Book) fields += fmt::format(R"(,"depth":{})", depth);
    const auto saved = saved_.find({symbol, channel});
    if (saved != saved_.end() && random_.chance(90)) {
        op.resume = saved->second;
        op.wrong_epoch = random_.chance(2);
        fields += fmt::format(R"(,"resume":{{"{}":{{"epoch":"{}","seq":{},"depth":{}}}}})", name,
                              op.wrong_epoch ? "other" : saved->second.epoch, saved->second.seq, saved->second.depth);
    }
    send(std::move(op), fields);
}

}  // namespace tickgate::test
