#include "worker.hpp"

#include <pthread.h>
#include <sched.h>

#include <utility>

#include "base/netns.hpp"

namespace terway::bench {
namespace {

void settle_on(unsigned ordinal) {
    cpu_set_t allowed;
    if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0 || CPU_COUNT(&allowed) < 2) {
        return;
    }
    unsigned left = ordinal % static_cast<unsigned>(CPU_COUNT(&allowed));
    for (int processor = 0; processor < CPU_SETSIZE; ++processor) {
        if (CPU_ISSET(processor, &allowed) && left-- == 0) {
            cpu_set_t one;
            CPU_ZERO(&one);
            CPU_SET(processor, &one);
            (void)::pthread_setaffinity_np(::pthread_self(), sizeof one, &one);
            return;
        }
    }
}

}  // namespace

Worker::Worker(const std::string& name, int netns, std::optional<unsigned> processor,
               std::function<void()> work)
    : thread_([this, name, netns, processor, work = std::move(work)] {
          ::pthread_setname_np(::pthread_self(), name.c_str());
          try {
              if (processor) {
                  settle_on(*processor);
              }
              const NetnsScope scope(netns);
              work();
          } catch (...) {
              failure_ = std::current_exception();
          }
      }) {}

void Worker::finish() {
    thread_.join();
    if (failure_) {
        std::rethrow_exception(failure_);
    }
}

}  // namespace terway::bench
