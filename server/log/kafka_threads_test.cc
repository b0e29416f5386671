// For tests of Kafka's client under ThreadSanitizer, which knows of threads that pthread_create
// made. librdkafka's are made by these, and crashed in it. What guards data between them it does
// not know either.
#ifdef TELLTALE_SANITIZES_THREADS
#include <pthread.h>
#include <threads.h>

#include <memory>
#include <utility>

#define EXPORTED extern "C" __attribute__((visibility("default")))
EXPORTED int thrd_create(thrd_t* thread, thrd_start_t start, void* argument) {
  auto* const call = new std::pair(start, argument);
  const auto begin = [](void* made) -> void* {
    const std::unique_ptr<std::pair<thrd_start_t, void*>> call(
        static_cast<std::pair<thrd_start_t, void*>*>(made));
    call->first(call->second);  // nobody asks what it returns
    return nullptr;
  };
  return ::pthread_create(thread, nullptr, begin, call) == 0 ? thrd_success : thrd_error;
}
EXPORTED int thrd_join(thrd_t thread, int* /*result*/) {
  return ::pthread_join(thread, nullptr) == 0 ? thrd_success : thrd_error;
}
EXPORTED const char* __tsan_default_suppressions() { return "called_from_lib:librdkafka.so\n"; }
#endif
