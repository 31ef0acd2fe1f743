/* SPDX-License-Identifier: BSD-3-Clause */
#include "shm.h"
#include "util.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file that somebody truncates under us cannot be served; say so rather than dump core. */
static void on_sigbus(int sig)
{
    static const char text[] = "skerry-pmm: the shared file was truncated while in use\n";

    (void)sig;
    if (write(STDERR_FILENO, text, sizeof text - 1U) < 0) {
        /* Nothing else can be done in here. */
    }
    _exit(1);
}

static int open_file(const char *file, bool keep)
{
    int fd = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    struct stat st;

    if (fd >= 0) {
        if (!keep) {
            own_path(file);
        }
    } else if (errno == EEXIST) {
        fd = open(file, O_RDWR | O_CLOEXEC | O_NONBLOCK);
    }
    if (fd < 0) {
        die("cannot open the shared file %s: %s", file, strerror(errno));
    }
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        die("shared file %s is not a regular file", file);
    }
    /* Two back-ends on one memory would wipe each other's headers. */
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        die("shared file %s is already served by another skerry-pmm", file);
    }
    return fd;
}

void shm_map(shm_t *m, const char *file, uint64_t offset, uint64_t size, bool keep)
{
    int fd = open_file(file, keep);
    struct stat st;
    void *p;

    /* Only ever grown: a front-end may have mapped all of it. */
    if (fstat(fd, &st) != 0 || ((uint64_t)st.st_size < offset + size && ftruncate(fd, (off_t)(offset + size)) != 0)) {
        die("cannot make the shared file %s %llu bytes long: %s", file, (unsigned long long)(offset + size),
            strerror(errno));
    }
    p = mmap(0, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);
    if (p == MAP_FAILED) {
        die("cannot map %llu bytes of %s: %s", (unsigned long long)size, file, strerror(errno));
    }
    signal(SIGBUS, on_sigbus);
    memset(p, 0, size);
    m->base = p;
    m->size = size;
    /* fd stays open: it holds the lock. */
}
