#include "gateway/shard_queue.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <thread>

#include "gateway/shard_outputs.hpp"

namespace tickgate::gateway {
namespace {

bool push(ShardQueue& queue, std::string_view text) {
    char* const place = queue.reserve(text.size());
    if (place == nullptr) return false;
    text.copy(place, text.size());
    queue.push(ShardRecord{}, text.size());
    return true;
}

std::string_view pop(ShardQueue& queue) {
    ShardRecord record;
    EXPECT_TRUE(queue.pop(record));
    return {record.frame.data(), record.frame.size()};
}

TEST(ShardQueue, FramesLieBackToBack) {
    ShardQueue queue{100};
    ASSERT_TRUE(push(queue, "first"));
    ASSERT_TRUE(push(queue, "second"));
    const std::string_view first = pop(queue);
    const std::string_view second = pop(queue);
    EXPECT_EQ(first, "first");
    EXPECT_EQ(second, "second");
    EXPECT_EQ(second.data(), first.data() + first.size());
    EXPECT_TRUE(queue.empty());
}

TEST(ShardQueue, TakesOfAReservationOnlyWhatWasWritten) {
    ShardQueue queue{100};
    char* const first = queue.reserve(60);
    queue.push(ShardRecord{}, 10);
    EXPECT_EQ(queue.reserve(60), first + 10);
}

TEST(ShardQueue, BeginsAtTheFrontWhenTheReaderHasCaughtUp) {
    ShardQueue queue{100};
    ASSERT_TRUE(push(queue, std::string(30, 'a')));
    const char* const front = pop(queue).data();
    queue.release();
    ASSERT_TRUE(push(queue, "b"));
    EXPECT_EQ(pop(queue).data(), front);
}

TEST(ShardQueue, KeepsAFrameUntilItIsReleased) {
    ShardQueue queue{100};
    ASSERT_TRUE(push(queue, std::string(60, 'a')));
    const std::string_view held = pop(queue);
    EXPECT_FALSE(push(queue, std::string(60, 'b'))) << "the frame popped last is still being read";
    EXPECT_EQ(held, std::string(60, 'a'));
    queue.release();
    EXPECT_TRUE(push(queue, std::string(60, 'b')));
}

TEST(ShardQueue, SkipsTheRestOfALapThatIsTooShort) {
    ShardQueue queue{100};
    ASSERT_TRUE(push(queue, std::string(60, 'a')));
    const char* const front = pop(queue).data();
    ASSERT_TRUE(push(queue, std::string(30, 'b')));
    queue.release();
    ASSERT_TRUE(push(queue, std::string(50, 'c')));
    EXPECT_FALSE(push(queue, std::string(20, 'd'))) << "the front of the next lap is still b's";
    EXPECT_EQ(pop(queue), std::string(30, 'b'));
    const std::string_view wrapped = pop(queue);
    EXPECT_EQ(wrapped, std::string(50, 'c'));
    EXPECT_EQ(wrapped.data(), front);
}

TEST(ShardQueue, RefusesWhatNeverFits) {
    ShardQueue queue{100};
    EXPECT_NE(queue.reserve(100), nullptr);
    EXPECT_EQ(queue.reserve(101), nullptr);
}

TEST(ShardQueue, SaysWhenItHasNoRoomForRecords) {
    ShardQueue queue{100};
    for (std::size_t i = 0; i < ShardQueue::kRecords; ++i) {
        ASSERT_TRUE(queue.has_room());
        queue.push(ShardRecord{});
    }
    EXPECT_FALSE(queue.has_room());
    ShardRecord record;
    ASSERT_TRUE(queue.pop(record));
    EXPECT_TRUE(queue.has_room());
    EXPECT_FALSE(queue.has_room(2));
}

/// Of the i-th record in the test below.
std::string frame_of(std::uint32_t i) {
    return std::string(i * 7 % 300, static_cast<char>('a' + i % 26));
}

TEST(ShardQueue, HandsFramesFromOneThreadToAnother) {
    constexpr std::uint32_t kFrames = 20'000;
    ShardQueue queue{1'000};  // many laps
    std::thread producer{[&] {
        for (std::uint32_t i = 0; i < kFrames;) {
            const std::string frame = frame_of(i);
            char* const place = queue.has_room() ? queue.reserve(frame.size()) : nullptr;
            if (place == nullptr) {
                std::this_thread::yield();
                continue;
            }
            frame.copy(place, frame.size());
            ShardRecord record;
            record.sid = i++;
            queue.push(record, frame.size());
        }
    }};
    std::uint32_t wrong = 0;
    for (std::uint32_t next = 0; next < kFrames;) {
        ShardRecord record;
        for (int taken = 0; taken < 3 && queue.pop(record); ++taken, ++next) {
            const std::string_view frame{record.frame.data(), record.frame.size()};
            wrong += record.sid == next && frame == frame_of(next) ? 0U : 1U;
        }
        queue.release();
        if (queue.empty()) std::this_thread::yield();
    }
    producer.join();
    EXPECT_EQ(wrong, 0U);
}

// Several queues at once

TEST(ShardOutputs, EncodesOnceForAllShards) {
    ShardQueue first{1'000}, second{1'000}, third{1'000};
    ShardOutputs outputs{{&first, &second, &third}};
    int encoded = 0;
    ShardRecord record;
    record.sid = 7;
    ASSERT_TRUE(outputs.publish(0b101, record, 500, [&](char* out) {
        ++encoded;
        std::memcpy(out, "{\"a\":1}", 7);
        return out + 7;
    }));
    EXPECT_EQ(encoded, 1);
    EXPECT_EQ(pop(first), "\x81\x07{\"a\":1}");
    EXPECT_TRUE(second.empty());
    ShardRecord copied;
    ASSERT_TRUE(third.pop(copied));
    EXPECT_EQ(copied.sid, 7U);
    EXPECT_EQ(copied.header_size, 2);
    EXPECT_EQ(std::string_view(copied.frame.data(), copied.frame.size()), "\x81\x07{\"a\":1}");
    EXPECT_EQ(outputs.take_touched(), 0b101U);
    EXPECT_EQ(outputs.take_touched(), 0U);
}

TEST(ShardOutputs, PutsTheHeaderRightBeforeThePayloadWhateverItsLength) {
    for (const std::size_t size : {0U, 125U, 126U, 65'535U, 65'536U}) {
        ShardQueue queue{100'000};
        ShardOutputs outputs{{&queue}};
        ASSERT_TRUE(outputs.publish(1, ShardRecord{}, 70'000, [&](char* out) {
            std::memset(out, 'x', size);
            return out + size;
        }));
        EXPECT_EQ(pop(queue), std::string{FrameHeader(Opcode::Text, size).bytes()} + std::string(size, 'x'));
    }
}

TEST(ShardOutputs, DoesNothingWhereOneShardHasNoRoom) {
    ShardQueue roomy{1'000}, full{100};
    ASSERT_TRUE(push(full, std::string(90, 'x')));
    ShardOutputs outputs{{&roomy, &full}};
    bool encoded = false;
    EXPECT_FALSE(outputs.publish(0b11, ShardRecord{}, 50, [&](char* out) {
        encoded = true;
        return out;
    }));
    EXPECT_FALSE(outputs.copy(0b11, ShardRecord{}, std::string(50, 'y')));
    EXPECT_FALSE(encoded);
    EXPECT_TRUE(roomy.empty());
    EXPECT_EQ(outputs.take_touched(), 0U);
    EXPECT_TRUE(outputs.copy(0b01, ShardRecord{}, std::string(50, 'y')));
}

TEST(ShardOutputs, KnowsTheSetOfAllShards) {
    ShardQueue queue{100};
    EXPECT_EQ(ShardOutputs{{&queue}}.all(), 1U);
    EXPECT_EQ(ShardOutputs{std::vector<ShardQueue*>(3, &queue)}.all(), 0b111U);
    EXPECT_EQ(ShardOutputs{std::vector<ShardQueue*>(kMaxShards, &queue)}.all(), ~ShardMask{0});
}

}  // namespace
}  // namespace tickgate::gateway
