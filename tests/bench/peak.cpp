// terway-bench-peak PROGRAM: runs it with the same environment and streams, and prints to standard
// error how many KiB of memory it had at the most. The kernel counts what the child held before
// exec, which was its parent's: hence a parent that is smaller than anything worth measuring.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>

int main(int argc, char** argv) {
    if (argc != 2) {
        return 2;
    }
    const pid_t child = ::vfork();
    if (child == 0) {
        ::execv(argv[1], argv + 1);
        ::_exit(127);
    }
    rusage usage{};
    int status = 0;
    if (child < 0 || ::wait4(child, &status, 0, &usage) != child) {
        return 1;
    }
    std::fprintf(stderr, "%ld\n", usage.ru_maxrss);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
