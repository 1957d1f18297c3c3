#include <atomic>
#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "book/instrument.hpp"
#include "feeds/replay_feed.hpp"
#include "feeds/synthetic_feed.hpp"
#include "feeds/venues.hpp"
#include "gateway/command_line.hpp"
#include "gateway/log.hpp"
#include "gateway/node.hpp"

namespace {

using namespace tickgate;

gateway::NodeRequests requests;

void request_stop(int) {
    requests.stop = true;
}

void request_reload(int) {
    requests.reload = true;
}

std::vector<std::string_view> venue_names() {
    std::vector<std::string_view> names;
    for (const feeds::Venue& venue : feeds::venues()) names.push_back(venue.name);
    return names;
}

/// Logs what a venue sent that could not be used: its first bytes, once a second at most.
class BadMessageLog {
public:
    explicit BadMessageLog(std::string_view venue) : venue_{venue} {}

    void operator()(const feeds::RawMessage& message) {
        constexpr std::size_t kShown = 200;
        log_.write(gateway::log::Level::Warning, message.receive_time, "bad_venue_message",
                   {{"venue", venue_}, {"begins", message.payload.substr(0, kShown)}});
    }

private:
    std::string_view venue_;
    gateway::log::Limited log_{1};
};

feeds::SyntheticOptions synthetic_options(const gateway::SyntheticConfig& config) {
    return {.symbols = config.symbols,
            .rate = config.rate,
            .levels = config.levels,
            .tick = std::chrono::milliseconds{config.tick_ms},
            .seed = config.seed};
}

std::unique_ptr<feeds::ReplayFeed> make_replay(book::FeedId id, const gateway::FeedConfig& config,
                                               book::InstrumentRegistry& registry, book::EventQueue& events) {
    feeds::ReplayOptions options;
    options.files.assign(config.replay.begin(), config.replay.end());
    options.speed = config.speed ? feeds::ReplaySpeed{*config.speed} : feeds::ReplaySpeed::max();
    options.loop = config.loop;
    const auto make_session = [&](std::string_view declared) -> std::unique_ptr<feeds::VenueSession> {
        const std::string_view name = config.venue.empty() ? declared : std::string_view{config.venue};
        if (name.empty()) throw gateway::ConfigError{"the recording does not say its venue: name it (--venue)"};
        const feeds::Venue* const venue = feeds::find_venue(name);
        if (venue == nullptr) throw gateway::ConfigError{"unknown venue: " + std::string{name}};
        return venue->make_session(
            id, registry,
            {.from_empty = config.from_empty, .symbols = config.symbols, .on_bad_message = BadMessageLog{venue->name}});
    };
    return std::make_unique<feeds::ReplayFeed>(id, std::move(options), make_session,
                                               book::EventQueue::Producer{events});
}

/// A recording as an agent of the node, which also says once when it turns out to be damaged.
gateway::FeedAgent replay_agent(feeds::ReplayFeed& feed) {
    const auto do_work = [&feed, told = false](book::UnixNanos now) mutable {
        const int work = feed.do_work(now);
        if (feed.error() && !told) {
            told = true;
            gateway::log::error("recording_damaged", {{"why", *feed.error()}});
        }
        return work;
    };
    return {.do_work = do_work,
            .next_due = [&feed] { return feed.next_due(); },
            .ready = [&feed] { return feed.ready(); },
            .recorded = true};
}

gateway::FeedAgent agent_of(feeds::Feed& feed) {
    return {.do_work = [&feed](book::UnixNanos now) { return feed.do_work(now); },
            .next_due = [&feed] { return feed.next_due(); },
            .ready = [&feed] { return feed.ready(); },
            .recorded = false};
}

void serve(const gateway::Config& config) {
    std::vector<bool> recorded;
    for (const gateway::FeedConfig& feed : config.feeds) recorded.push_back(!feed.synthetic);
    book::InstrumentRegistry registry;
    gateway::Node node{config, recorded};
    std::vector<std::unique_ptr<feeds::Feed>> feeds;
    std::vector<gateway::FeedAgent> agents;
    for (const gateway::FeedConfig& feed : config.feeds) {
        const book::FeedId id{static_cast<std::uint32_t>(feeds.size())};
        if (feed.synthetic) {
            feeds.push_back(std::make_unique<feeds::SyntheticFeed>(id, synthetic_options(*feed.synthetic), registry,
                                                                   node.events()));
            agents.push_back(agent_of(*feeds.back()));
        } else {
            auto replay = make_replay(id, feed, registry, node.events());
            agents.push_back(replay_agent(*replay));
            feeds.push_back(std::move(replay));
        }
    }
    node.run(agents, requests);
}

}  // namespace

int main(int argc, char** argv) {
    const std::vector<std::string_view> venues = venue_names();
    const auto parsed = gateway::parse_command_line(argc, argv, venues);
    if (const auto* const exit = std::get_if<gateway::ExitNow>(&parsed)) {
        std::fputs(exit->text.c_str(), exit->to_stderr ? stderr : stdout);
        return exit->code;
    }
    const auto& config = std::get<gateway::Config>(parsed);
    gateway::log::set_level(config.log_level);
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGINT, request_stop);
    std::signal(SIGTERM, request_stop);
    std::signal(SIGHUP, request_reload);
    try {
        serve(config);
    } catch (const gateway::ConfigError& error) {
        gateway::log::error("configuration", {{"why", error.what()}});
        return gateway::kExitConfig;
    } catch (const gateway::TlsError& error) {
        gateway::log::error("configuration", {{"why", "gateway.tls: " + std::string{error.what()}}});
        return gateway::kExitConfig;
    } catch (const feeds::RecordingError& error) {
        gateway::log::error("recording", {{"why", error.what()}});
        return gateway::kExitConfig;
    } catch (const std::exception& error) {
        gateway::log::error("failed", {{"why", error.what()}});
        return 1;
    }
    return 0;
}
