// A directory of one test, gone with it.
#pragma once

#include <string>

namespace terway::test {

// Private to root, with a path short enough for unix sockets in it. What a killed test process left
// behind is removed when the next one makes its first.
class Workshop {
public:
    Workshop();
    ~Workshop();
    Workshop(const Workshop&) = delete;
    Workshop& operator=(const Workshop&) = delete;

    [[nodiscard]] const std::string& path() const noexcept { return path_; }
    [[nodiscard]] std::string operator/(const std::string& name) const { return path_ + "/" + name; }

private:
    std::string path_;
};

}  // namespace terway::test
