// Memory that was freed, back to the kernel.
#pragma once

#include <malloc.h>

#include <mutex>

namespace terway {

// After something large was read the heap is full of holes. Any thread; one at a time, because
// where a sanitizer has taken malloc's place nobody has made glibc's own heap ready, and two who do
// it at once crash.
inline void give_back_freed_memory() {
    static std::mutex mutex;
    const std::scoped_lock lock(mutex);
    (void)::malloc_trim(0);
}

}  // namespace terway
