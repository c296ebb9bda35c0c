// SPDX-License-Identifier: MIT
// inbox: what a post, a mark and a close do, call by call.
#include <rondo/loop/inbox.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace rondo {
namespace {

/// Writes its number down when it runs.
struct note : inbox_item {
    note(int n, std::vector<int>& into) : inbox_item(&run), number(n), list(&into) {}
    static void run(inbox_item& self) noexcept {
        auto& own = static_cast<note&>(self);
        own.list->push_back(own.number);
    }
    int number;
    std::vector<int>* list;
};

class an_inbox : public testing::Test {
protected:
    static void count(void* self) noexcept { ++static_cast<an_inbox*>(self)->wakes; }

    int wakes = 0;
    inbox box{&count, this};
    std::vector<int> ran;
    note one{1, ran}, two{2, ran}, three{3, ran};
};

TEST_F(an_inbox, runs_items_in_the_order_of_their_posts) {
    EXPECT_TRUE(box.post(two));
    EXPECT_TRUE(box.post(one));
    EXPECT_TRUE(box.post(three));
    EXPECT_EQ(box.take().run(), 3u);
    EXPECT_EQ(ran, (std::vector{2, 1, 3}));
    EXPECT_TRUE(box.take().empty());
}

TEST_F(an_inbox, gives_what_is_posted_meanwhile_in_the_next_batch) {
    EXPECT_TRUE(box.post(one));
    inbox_batch first = box.take();
    EXPECT_TRUE(box.post(two));
    EXPECT_EQ(first.run(), 1u);
    EXPECT_EQ(ran, std::vector{1});
    EXPECT_EQ(box.take().run(), 1u);
    EXPECT_EQ(ran, (std::vector{1, 2}));
}

TEST_F(an_inbox, runs_a_batch_one_by_one) {
    EXPECT_TRUE(box.post(one));
    EXPECT_TRUE(box.post(two));
    inbox_batch all = box.take();
    all.run_one();
    EXPECT_EQ(ran, std::vector{1});
    EXPECT_FALSE(all.empty());
    inbox_batch rest = std::move(all);
    EXPECT_TRUE(all.empty()); // NOLINT(bugprone-use-after-move): what is moved from is empty
    rest.run_one();
    EXPECT_TRUE(rest.empty());
    EXPECT_EQ(ran, (std::vector{1, 2}));
}

TEST_F(an_inbox, wakes_nobody_who_is_awake) {
    EXPECT_TRUE(box.post(one));
    EXPECT_TRUE(box.post(two));
    box.take().run();
    EXPECT_TRUE(box.post(one));
    box.take().run();
    EXPECT_EQ(wakes, 0);
}

TEST_F(an_inbox, wakes_a_sleeper_once_for_a_batch) {
    for (int turn = 1; turn <= 3; ++turn) {
        EXPECT_TRUE(box.prepare_to_sleep());
        EXPECT_TRUE(box.post(one));
        EXPECT_EQ(wakes, turn);
        EXPECT_TRUE(box.post(two));
        box.awake();
        EXPECT_TRUE(box.post(three));
        EXPECT_EQ(wakes, turn);
        EXPECT_EQ(box.take().run(), 3u);
    }
    EXPECT_EQ(ran, (std::vector{1, 2, 3, 1, 2, 3, 1, 2, 3}));
}

TEST_F(an_inbox, does_not_let_sleep_who_has_something_to_take) {
    EXPECT_TRUE(box.post(one));
    EXPECT_FALSE(box.prepare_to_sleep());
    EXPECT_TRUE(box.post(two));
    EXPECT_EQ(wakes, 0);
    EXPECT_EQ(box.take().run(), 2u);
    EXPECT_TRUE(box.prepare_to_sleep());
    EXPECT_TRUE(box.prepare_to_sleep());
}

TEST_F(an_inbox, wakes_nobody_who_woke_for_another_reason) {
    EXPECT_TRUE(box.prepare_to_sleep());
    box.awake();
    EXPECT_TRUE(box.post(one));
    EXPECT_EQ(box.take().run(), 1u);
    EXPECT_TRUE(box.prepare_to_sleep());
    EXPECT_TRUE(box.take().empty());
    EXPECT_TRUE(box.post(one));
    EXPECT_EQ(box.take().run(), 1u);
    EXPECT_EQ(wakes, 0);
}

/// Posts itself again from its own function, as often as it is told to.
struct again : inbox_item {
    again(inbox& to, int times) : inbox_item(&run), box(&to), left(times) {}
    static void run(inbox_item& self) noexcept {
        auto& own = static_cast<again&>(self);
        if (own.left-- > 0)
            own.accepted += own.box->post(own) ? 1 : 0;
    }
    inbox* box;
    int left;
    int accepted = 0;
};

TEST_F(an_inbox, takes_an_item_again_from_its_own_function) {
    again item(box, 2);
    EXPECT_TRUE(box.post(item));
    for (int turn = 0; turn < 3; ++turn)
        EXPECT_EQ(box.take().run(), 1u);
    EXPECT_TRUE(box.take().empty());
    EXPECT_EQ(item.accepted, 2);
}

TEST_F(an_inbox, lets_a_function_destroy_its_item) {
    struct short_lived : inbox_item {
        explicit short_lived(std::shared_ptr<int> k) : inbox_item(&run), kept(std::move(k)) {}
        static void run(inbox_item& self) noexcept { delete &static_cast<short_lived&>(self); }
        std::shared_ptr<int> kept;
    };
    auto const counted = std::make_shared<int>(0);
    for (int i = 0; i < 3; ++i)
        EXPECT_TRUE(box.post(*new short_lived(counted)));
    EXPECT_EQ(box.take().run(), 3u);
    EXPECT_EQ(counted.use_count(), 1);
}

TEST_F(an_inbox, gives_the_rest_when_it_is_closed) {
    EXPECT_TRUE(box.post(one));
    EXPECT_TRUE(box.post(two));
    EXPECT_EQ(box.close().run(), 2u);
    EXPECT_EQ(ran, (std::vector{1, 2}));
    EXPECT_TRUE(box.close().empty());
    EXPECT_TRUE(box.take().empty());
}

TEST_F(an_inbox, refuses_posts_once_it_is_closed) {
    EXPECT_TRUE(box.prepare_to_sleep());
    EXPECT_TRUE(box.close().empty());
    EXPECT_FALSE(box.post(one));
    EXPECT_TRUE(box.take().empty());
    EXPECT_FALSE(box.post(one)); // not as something posted twice
    EXPECT_EQ(wakes, 0);
    inbox other(&count, this);
    EXPECT_TRUE(other.post(one));
    EXPECT_EQ(other.take().run(), 1u);
}

TEST_F(an_inbox, refuses_posts_by_the_last_functions) {
    again item(box, 5);
    EXPECT_TRUE(box.post(item));
    EXPECT_EQ(box.close().run(), 1u);
    EXPECT_EQ(item.left, 4);
    EXPECT_EQ(item.accepted, 0);
}

TEST_F(an_inbox, lets_sleep_for_other_reasons_when_it_is_closed) {
    EXPECT_TRUE(box.close().empty());
    EXPECT_TRUE(box.prepare_to_sleep());
    box.awake();
    EXPECT_FALSE(box.post(one));
    EXPECT_EQ(wakes, 0);
}

// Posts, and is held up on its way to wake, while the consumer has woken for another reason, run
// the item and wants to end.
TEST(inbox_close, waits_for_a_post_that_is_about_to_wake) {
    struct gate {
        static void enter(void* self) noexcept {
            auto& own = *static_cast<gate*>(self);
            own.entered.store(true);
            own.open.wait(false);
        }
        std::atomic<bool> entered{false}, open{false};
    } held;
    std::vector<int> ran;
    note item(1, ran);
    auto box = std::make_unique<inbox>(&gate::enter, &held);
    ASSERT_TRUE(box->prepare_to_sleep());
    std::thread poster([&, box = box.get()] { EXPECT_TRUE(box->post(item)); });
    while (!held.entered.load())
        std::this_thread::yield();
    box->awake();
    EXPECT_EQ(box->take().run(), 1u);
    EXPECT_TRUE(box->prepare_to_sleep()); // a mark that nobody finds

    std::atomic<bool> closed{false};
    std::thread opener([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
        EXPECT_FALSE(closed.load());
        held.open.store(true);
        held.open.notify_one();
    });
    EXPECT_TRUE(box->close().empty());
    closed.store(true);
    box.reset();
    opener.join();
    poster.join();
}

} // namespace
} // namespace rondo
