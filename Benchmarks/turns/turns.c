// Measures the turns of a program's event loops from outside of it: preloaded, it stands before the kernel's epoll_wait.
//
//   cc -shared -fPIC -O2 -o turns.so turns.c
//   truncate --size 4096 FILE; LD_PRELOAD=turns.so TURNS_FILE=FILE TURNS_PROGRAM=pressroom pressroom serve
//
// A turn is what a thread does from one return of epoll_wait to its next call, in the processor time of the thread itself,
// so that it does not matter what else runs on the machine. FILE has an entry for each thread (`struct entry`).
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { entries = 64 };

struct entry {
    char name[16];
    _Atomic uint64_t turns;
    _Atomic uint64_t longest; // in nanoseconds
    _Atomic uint64_t long_ones; // of more than 50 ms
    uint64_t reserved;
};

static struct entry *table;
static _Atomic int taken;
static int (*wait_for_events)(int, struct epoll_event *, int, int);
static __thread struct entry *own;
static __thread uint64_t begun;

__attribute__((constructor)) static void open_table(void) {
    wait_for_events = (int (*)(int, struct epoll_event *, int, int))dlsym(RTLD_NEXT, "epoll_wait");
    const char *path = getenv("TURNS_FILE"), *program = getenv("TURNS_PROGRAM");
    if (!path || !program || strcmp(program_invocation_short_name, program)) return;
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0) return;
    void *memory = mmap(NULL, entries * sizeof(struct entry), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (memory != MAP_FAILED) table = memory;
}

static uint64_t processor_time(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

static void end_turn(void) {
    if (!own) {
        int number = atomic_fetch_add(&taken, 1);
        if (number >= entries) return;
        own = &table[number];
        pthread_getname_np(pthread_self(), own->name, sizeof own->name);
    }
    if (!begun) return;
    uint64_t took = processor_time() - begun;
    atomic_fetch_add_explicit(&own->turns, 1, memory_order_relaxed);
    if (took > atomic_load_explicit(&own->longest, memory_order_relaxed))
        atomic_store_explicit(&own->longest, took, memory_order_relaxed);
    if (took > 50000000) atomic_fetch_add_explicit(&own->long_ones, 1, memory_order_relaxed);
}

int epoll_wait(int epoll, struct epoll_event *events, int count, int timeout) {
    if (!table) return wait_for_events(epoll, events, count, timeout);
    end_turn();
    int result = wait_for_events(epoll, events, count, timeout);
    int error = errno;
    begun = processor_time();
    errno = error;
    return result;
}
