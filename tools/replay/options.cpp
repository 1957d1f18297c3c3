#include "tools/replay/options.hpp"

#include <map>
#include <stdexcept>

#include <CLI/CLI.hpp>

#include "feeds/venues.hpp"

namespace tickgate::replay {
namespace {

const std::map<std::string, Print> kPrints{
    {"books", Print::Books}, {"batches", Print::Batches}, {"messages", Print::Messages}, {"stats", Print::Stats}};

std::vector<std::string> venue_names() {
    std::vector<std::string> names;
    for (const feeds::Venue& venue : feeds::venues()) names.emplace_back(venue.name);
    return names;
}

void add_options(CLI::App& app, Options& options) {
    app.add_option("files", options.files, "recordings of one session; merged by receive time")
        ->required()
        ->type_name("FILE");
    app.add_option("--venue", options.venue, "whose recording it is, where the file does not say")
        ->check(CLI::IsMember(venue_names()));
    const auto set_format = [&options](const std::string& name) {
        const auto format = feeds::recording_format_named(name);
        if (!format) throw CLI::ValidationError{"--format", name + " is none of auto, tickgate, hft, cf, cbcap, jsonl"};
        options.format = *format;
    };
    app.add_option_function<std::string>("--format", set_format, "auto, tickgate, hft, cf, cbcap or jsonl [auto]");
    app.add_flag("--from-empty", options.from_empty, "start each book empty, with its first increment");
    // CLI11 reads "-1" into an unsigned as the greatest there is.
    app.add_option("--top", options.top, "levels of each side to print; 0: all [10]")->check(CLI::NonNegativeNumber);
    const auto set_speed = [&options](const std::string& text) {
        try {
            options.speed = feeds::ReplaySpeed::parse(text);
        } catch (const std::invalid_argument& error) {
            throw CLI::ValidationError{"--speed", error.what()};
        }
    };
    app.add_option_function<std::string>("--speed", set_speed, "times as fast as recorded, or max [max]");
    app.add_option("--print", options.print,
                   "books: each symbol's book at the end; batches: each applied book message; messages: what a client "
                   "that subscribed at the start gets; stats: one object of counts, its rates per second of processing")
        ->required()
        ->transform(CLI::CheckedTransformer(kPrints));
    Subscription& wish = options.subscription;
    app.add_option("--channel", wish.channel, "messages: book, bbo or trades [book]")
        ->check(CLI::IsMember({"book", "bbo", "trades"}));
    app.add_option("--symbols", wish.symbols, "messages: names or wildcards, separated by commas [*]")
        ->delimiter(',')
        ->allow_extra_args(false);  // what follows are the files
    app.add_option("--depth", wish.depth, "messages: levels of each side; 0: all [25]");
    app.add_option("--rate-ms", wish.rate_ms, "messages: least time between two [100; trades: 0]");
}

}  // namespace

std::variant<Options, int> parse_options(int argc, char** argv) {
    CLI::App app{"Replays recorded market data and prints what becomes of it, one JSON object a line.",
                 "tickgate-replay"};
    Options options;
    add_options(app, options);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : kExitUsage;
    }
    return options;
}

}  // namespace tickgate::replay
