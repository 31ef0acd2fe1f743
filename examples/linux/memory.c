/* SPDX-License-Identifier: BSD-3-Clause */
#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
    const char *file;
    uint8_t *base; /* 0: not mapped yet */
    size_t size;
    dev_t device; /* which file it is */
    ino_t inode;
    volatile sig_atomic_t gone; /* zeros lie in its place */
    bool waiting;               /* and that was said */
} memory;

static void put_zeros(void)
{
    (void)mmap(memory.base, memory.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    memory.gone = 1;
}

/* Somebody cut the file off under us. The access that trapped is done again, and finds zeros. */
static void on_sigbus(int signal_number, siginfo_t *info, void *context)
{
    const uint8_t *at = info->si_addr;

    (void)context;
    if (memory.base != 0 && at >= memory.base && at < memory.base + memory.size) {
        put_zeros();
    } else {
        (void)signal(signal_number, SIG_DFL); /* not the shared memory: end as without us */
    }
}

static void say_once(const char *what, uint64_t bytes)
{
    if (!memory.waiting) {
        fprintf(stderr, "skerry-island: waiting for %s %s", memory.file, what);
        fprintf(stderr, (bytes != 0U) ? " (0x%llx bytes are needed)\n" : "\n", (unsigned long long)bytes);
        memory.waiting = true;
    }
}

static memory_state_t map(int fd, const struct stat *st, size_t size)
{
    int fixed = (memory.base != 0) ? MAP_FIXED : 0;
    void *at = mmap(memory.base, size, PROT_READ | PROT_WRITE, MAP_SHARED | fixed, fd, 0);

    if (at == MAP_FAILED) {
        fprintf(stderr, "skerry-island: cannot map 0x%zx bytes of %s: %s\n", size, memory.file, strerror(errno));
        return MEMORY_FAILED;
    }
    memory.base = at;
    memory.size = size;
    memory.device = st->st_dev;
    memory.inode = st->st_ino;
    memory.gone = 0;
    fprintf(stderr, "skerry-island: %s is mapped%s, 0x%zx bytes\n", memory.file, (fixed != 0) ? " again" : "", size);
    memory.waiting = false;
    return MEMORY_CHANGED;
}

static memory_state_t open_and_map(uint64_t size, uint64_t needed)
{
    int fd = open(memory.file, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    memory_state_t state = MEMORY_SAME;
    struct stat st;

    if (fd < 0 && errno == ENOENT) {
        say_once("to appear", 0U);
    } else if (fd < 0 || fstat(fd, &st) != 0) {
        fprintf(stderr, "skerry-island: cannot open %s: %s\n", memory.file, strerror(errno));
        state = MEMORY_FAILED;
    } else if (!S_ISREG(st.st_mode)) {
        fprintf(stderr, "skerry-island: %s is not a regular file\n", memory.file);
        state = MEMORY_FAILED;
    } else if ((uint64_t)st.st_size < ((size != 0U) ? size : needed)) {
        say_once("to be large enough", (size != 0U) ? size : needed);
    } else {
        state = map(fd, &st, (size_t)((size != 0U) ? size : (uint64_t)st.st_size));
    }
    if (fd >= 0) {
        (void)close(fd); /* the mapping stays */
    }
    return state;
}

memory_state_t memory_try(const char *file, uint64_t size, uint64_t needed)
{
    struct sigaction action;

    memory.file = file;
    (void)memset(&action, 0, sizeof action);
    action.sa_sigaction = on_sigbus;
    action.sa_flags = SA_SIGINFO;
    (void)sigaction(SIGBUS, &action, 0);
    return open_and_map(size, needed);
}

memory_state_t memory_watch(void)
{
    bool there;
    bool same;
    struct stat st;

    there = stat(memory.file, &st) == 0 && S_ISREG(st.st_mode);
    same = there && st.st_dev == memory.device && st.st_ino == memory.inode;
    if (same && (uint64_t)st.st_size < memory.size && memory.gone == 0) {
        put_zeros(); /* rather than wait for the trap: what is left of the file is no PMM's any more */
        return MEMORY_CHANGED;
    }
    if (there && (uint64_t)st.st_size >= memory.size && (!same || memory.gone != 0)) {
        memory_state_t state = open_and_map(memory.size, memory.size);

        /* Between stat and open the file may have changed once more: then the next look will do. */
        return (state == MEMORY_CHANGED) ? MEMORY_CHANGED : MEMORY_SAME;
    }
    return MEMORY_SAME;
}

uint8_t *memory_base(void)
{
    return memory.base;
}

uint64_t memory_size(void)
{
    return memory.size;
}
