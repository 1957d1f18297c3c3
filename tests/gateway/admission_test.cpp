#include "gateway/admission.hpp"

#include <gtest/gtest.h>

namespace tickgate::gateway {
namespace {

TEST(Admission, CountsNothingWithoutLimits) {
    Admission admission{{}};
    const Admission::Decision decision = admission.enter("10.0.0.1");
    EXPECT_TRUE(decision.is_admitted);
    EXPECT_EQ(decision.place, Admission::kNoPlace);
    admission.leave(decision.place);
}

TEST(Admission, TurnsAwayAboveTheNumberOfSessions) {
    Admission admission{{.max = 2}};
    const Admission::Decision first = admission.enter("10.0.0.1");
    EXPECT_TRUE(admission.enter("10.0.0.2").is_admitted);
    const Admission::Decision third = admission.enter("10.0.0.3");
    EXPECT_FALSE(third.is_admitted);
    EXPECT_EQ(third.refusal, ErrorCode::Overloaded);
    admission.leave(third.place);
    EXPECT_FALSE(admission.enter("10.0.0.3").is_admitted) << "who was turned away gives nothing back";
    admission.leave(first.place);
    EXPECT_TRUE(admission.enter("10.0.0.3").is_admitted);
}

TEST(Admission, TurnsAwayAnAddressThatHasItsShare) {
    Admission admission{{.per_address = 1}};
    const Admission::Decision first = admission.enter("10.0.0.1");
    const Admission::Decision second = admission.enter("10.0.0.1");
    EXPECT_FALSE(second.is_admitted);
    EXPECT_EQ(second.refusal, ErrorCode::LimitConnections);
    const Admission::Decision other = admission.enter("10.0.0.2");
    EXPECT_TRUE(other.is_admitted);
    admission.leave(first.place);
    EXPECT_TRUE(admission.enter("10.0.0.1").is_admitted);
    EXPECT_FALSE(admission.enter("10.0.0.2").is_admitted) << "places are not mixed up";
}

TEST(Admission, UsesThePlacesOfThoseWhoLeftAgain) {
    Admission admission{{.per_address = 3}};
    for (int round = 0; round < 100; ++round) {
        const Admission::Decision decision = admission.enter("10.0.0." + std::to_string(round));
        EXPECT_EQ(decision.place, 0U);
        admission.leave(decision.place);
    }
}

TEST(Admission, HasNoShareForThoseWithoutAnAddress) {
    Admission admission{{.max = 3, .per_address = 1}};
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(admission.enter(kLocalPeer).is_admitted);
    EXPECT_EQ(admission.enter(kLocalPeer).refusal, ErrorCode::Overloaded);
}

}  // namespace
}  // namespace tickgate::gateway
