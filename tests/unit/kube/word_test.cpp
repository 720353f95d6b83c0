#include "kube/word.hpp"

#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace terway::kube {
namespace {

TEST(KubeWords, GiveTheSameMemoryForTheSameText) {
    Words words;
    const auto one = words.word("app");
    const auto other = words.word(std::string("ap") + "p");
    EXPECT_EQ(one.view().data(), other.view().data());
    EXPECT_EQ(words.size(), 1U);
    EXPECT_TRUE(words.word("").empty());
}

TEST(KubeWords, ForgetWhatNobodyHas) {
    Words words;
    const auto kept = words.word("kept");
    for (int i = 0; i < 100'000; ++i) {
        (void)words.word("passing-" + std::to_string(i));
    }
    EXPECT_LT(words.size(), 3000U);
    EXPECT_EQ(words.word("kept").view().data(), kept.view().data());
}

TEST(KubeWords, OutliveTheirCollection) {
    Word word;
    {
        Words words;
        word = words.word("orphan");
    }
    EXPECT_EQ(word.view(), "orphan");
}

TEST(KubeWords, AreSharedAmongThreads) {
    Words words;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            std::vector<Word> mine;
            for (int j = 0; j < 5000; ++j) {
                mine.push_back(words.word("word-" + std::to_string(j % 1500)));
                if (mine.size() > 100) {
                    mine.clear();
                }
            }
        });
    }
    threads.clear();
    EXPECT_EQ(words.word("word-1").view(), "word-1");
}

}  // namespace
}  // namespace terway::kube
