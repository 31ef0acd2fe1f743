/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Measures one point and prints one line: probe, the measured thing, probe. The driver, run.py, calls it many times.
 *
 *     skerry-bench-4k skerry roundtrip --bytes 64 --cpus 0,1
 */
#include "bench.h"
#include "skerry/config.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SAMPLES 200000U
#define PROBE_SECONDS 0.01
#define PROBE_TRIPS 32U /* timed together: the clock may move in coarse steps, and is not free */
#define PROBE_WRITES 16U
#define LEAST_BLOCKS 50U /* for a median */
#define SLOT_LIMIT 16384U

static shared_t *shared;
static bool child;

void die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (child) {
        /* The parent may be spinning on us: tell it in memory, and let it say so. */
        (void)vsnprintf(shared->reason, sizeof shared->reason, format, args);
        store(&shared->failed, 1);
        (void)kill(getppid(), SIGUSR1);
    } else {
        (void)fprintf(stderr, "skerry-bench: ");
        (void)vfprintf(stderr, format, args);
        (void)fprintf(stderr, "\n");
    }
    va_end(args);
    exit(1);
}

static void on_child_failed(int number)
{
    (void)number;
    (void)!write(STDERR_FILENO, "skerry-bench: ", 14);
    (void)!write(STDERR_FILENO, shared->reason, strlen(shared->reason));
    (void)!write(STDERR_FILENO, "\n", 1);
    _exit(1);
}

static void on_alarm(int number)
{
    static const char text[] = "skerry-bench: no end within 20 s: one side waits for the other\n";

    (void)number;
    (void)!write(STDERR_FILENO, text, sizeof text - 1U);
    _exit(1);
}

uint64_t now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

bool more(samples_t *s)
{
    const uint64_t now = now_ns();

    if (s->count < s->most) {
        s->block[s->count++] = now - s->last;
    }
    s->last = now;
    return now < s->end || s->count < s->least;
}

static void begin(samples_t *s, double seconds)
{
    s->count = 0;
    s->least = LEAST_BLOCKS;
    s->last = now_ns();
    s->end = s->last + (uint64_t)(seconds * 1e9);
}

static int compare(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static double median(samples_t *s, double per_block)
{
    qsort(s->block, s->count, sizeof s->block[0], compare);
    return (double)s->block[s->count / 2U] / per_block;
}

static void pin(int cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0) {
        die("cannot pin to core %d: %s", cpu, strerror(errno));
    }
}

/* With the reference back-end, the child is the program on the host behind it. */
static void answer_host(point_t *p)
{
    static uint8_t data[WRITE_BYTES];
    int fd = accept(p->pair[1], 0, 0);
    ssize_t n = 1;

    if (fd < 0) {
        die("accept: %s", strerror(errno));
    }
    while (n > 0) {
        n = read(fd, data, sizeof data);
        if (n > 0 && p->test == TEST_ROUNDTRIP && write(fd, data, (size_t)n) != n) {
            die("the host program cannot send back %zd bytes", n);
        }
    }
    close(fd);
    store(&p->shared->stop, 0);
}

static pid_t pmm_started;

static void end_pmm(void)
{
    if (pmm_started > 0 && !child) {
        (void)kill(pmm_started, SIGTERM);
        (void)waitpid(pmm_started, 0, 0);
        pmm_started = 0;
    }
}

static void start_pmm(point_t *p)
{
    char shm[100];
    char bell[100];
    char vsock[100];
    char block[60];
    char size[20];
    const int cpu = p->cpu[1];

    (void)snprintf(shm, sizeof shm, "%s/shm", p->folder);
    (void)snprintf(bell, sizeof bell, "unix:%s/bell", p->folder);
    (void)snprintf(vsock, sizeof vsock, "%s/vsock", p->folder);
    (void)snprintf(block, sizeof block, "vsock=%u", WINDOW_BYTES);
    (void)snprintf(size, sizeof size, "%u", WINDOW_BYTES);
    pmm_started = fork();
    if (pmm_started == 0) {
        child = true;
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        pin(cpu);
        execl(p->pmm, p->pmm, "-q", "--shm", shm, "--size", size, "--block-size", block, "--layout", "nodtb", "--doorbell", bell,
              "--vsock", vsock, "--console", "none", (char *)0);
        die("cannot start %s: %s", p->pmm, strerror(errno));
    }
    atexit(end_pmm);
    /* Ready once its doorbell is there and the file has its size: the front-end waits for the rest by itself. */
    (void)snprintf(bell, sizeof bell, "%s/bell.pmm", p->folder);
    for (int i = 0; access(bell, F_OK) != 0 || access(shm, F_OK) != 0; i++) {
        if (i == 2000) {
            die("%s did not start within 2 s", p->pmm);
        }
        (void)usleep(1000);
    }
}

static void prepare_pmm(point_t *p)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};

    if (p->pmm == 0) {
        die("pmm: expected --pmm PROGRAM --folder FOLDER");
    }
    (void)snprintf(a.sun_path, sizeof a.sun_path, "%s/vsock_%u", p->folder, HOST_PORT);
    (void)unlink(a.sun_path);
    p->pair[1] = socket(AF_UNIX, SOCK_STREAM, 0);
    if (p->pair[1] < 0 || bind(p->pair[1], (struct sockaddr *)&a, sizeof a) != 0 || listen(p->pair[1], 1) != 0) {
        die("cannot listen on %s: %s", a.sun_path, strerror(errno));
    }
    start_pmm(p);
}

/* The front-end is gone: the PMM, ended, closes the host's sockets, and the child sees the end of its stream. */
static void drive_pmm(point_t *p, samples_t *s, uint32_t per_block)
{
    front_drive(p, s, per_block);
    end_pmm();
}

static void drive_flag(point_t *p, samples_t *s, uint32_t per_block)
{
    probe_latency_drive(p->shared, s, per_block);
}

static void answer_flag(point_t *p)
{
    probe_latency_answer(p->shared);
}

static void drive_copy(point_t *p, samples_t *s, uint32_t per_block)
{
    probe_copy_drive(p->shared, s, per_block, p->bytes);
}

static void answer_copy(point_t *p)
{
    probe_copy_answer(p->shared, p->bytes);
}

static void drive_mailbox(point_t *p, samples_t *s, uint32_t per_block)
{
    probe_mailbox_drive(p->shared, s, per_block, p->bytes);
}

static void answer_mailbox(point_t *p)
{
    probe_mailbox_answer(p->shared, p->bytes);
}

static const transport_t skerry = {"skerry", back_prepare, front_drive, back_answer, true, true, true};
static const transport_t pmm = {"pmm", prepare_pmm, drive_pmm, answer_host, true, true, false};
static const transport_t flag = {"flag", 0, drive_flag, answer_flag, false, false, false};
static const transport_t mailbox = {"mailbox", 0, drive_mailbox, answer_mailbox, false, false, false};
static const transport_t copy = {"copy", 0, drive_copy, answer_copy, true, false, false};
static const transport_t *const transports[] = {&skerry, &pmm, &sockets_unix, &sockets_tcp, &sockets_eventfd, &flag, &mailbox,
                                                &copy};
static const char *const tests[] = {"roundtrip", "stream", "message", "receive"};

static _Noreturn void usage(void)
{
    (void)fprintf(stderr, "usage: skerry-bench TRANSPORT TEST [--bytes N] [--group N] [--mode poll|sleep] [--flags]\n"
                          "                    [--ring N (power of two, 32 .. 256)] [--seconds S] [--cpus A,B]\n"
                          "                    [--pmm PROGRAM --folder FOLDER]\n"
                          "  TRANSPORT  skerry pmm unix tcp eventfd flag mailbox copy\n"
                          "  TEST       roundtrip stream message receive\n");
    exit(2);
}

static const transport_t *parse(point_t *p, int argc, char **argv)
{
    const transport_t *chosen = 0;
    int test = -1;

    if (argc < 3) {
        usage();
    }
    for (size_t i = 0; i < sizeof transports / sizeof transports[0]; i++) {
        chosen = (strcmp(argv[1], transports[i]->name) == 0) ? transports[i] : chosen;
    }
    for (int i = 0; i < 4; i++) {
        test = (strcmp(argv[2], tests[i]) == 0) ? i : test;
    }
    for (int i = 3; i < argc; i++) {
        const char *value = (i + 1 < argc) ? argv[i + 1] : "";

        if (strcmp(argv[i], "--flags") == 0) {
            p->event_idx = false;
            continue;
        }
        if (strcmp(argv[i], "--bytes") == 0) {
            p->bytes = (uint32_t)strtoul(value, 0, 10);
        } else if (strcmp(argv[i], "--group") == 0) {
            p->group = (uint32_t)strtoul(value, 0, 10);
        } else if (strcmp(argv[i], "--ring") == 0) {
            p->ring = (uint32_t)strtoul(value, 0, 10);
        } else if (strcmp(argv[i], "--mode") == 0) {
            p->sleeping = strcmp(value, "sleep") == 0;
        } else if (strcmp(argv[i], "--seconds") == 0) {
            p->seconds = strtod(value, 0);
        } else if (strcmp(argv[i], "--cpus") == 0) {
            if (sscanf(value, "%d,%d", &p->cpu[0], &p->cpu[1]) != 2) {
                usage();
            }
        } else if (strcmp(argv[i], "--pmm") == 0) {
            p->pmm = value;
        } else if (strcmp(argv[i], "--folder") == 0) {
            (void)snprintf(p->folder, sizeof p->folder, "%s", value);
        } else {
            usage();
        }
        i++;
    }
    if (chosen == 0 || test < 0 || p->bytes < 1U || p->bytes > WRITE_BYTES || p->group < 1U ||
        p->bytes > WRITE_BYTES / p->group || p->seconds <= 0.0 || p->cpu[0] == p->cpu[1] ||
        p->ring < SKR_VSOCK_TX_COUNT || p->ring > SKR_VIRTQ_SIZE_MAX || (p->ring & (p->ring - 1U)) != 0U) {
        usage();
    }
    p->test = (test_t)test;
    if ((p->test == TEST_STREAM && !chosen->streams) || (p->test == TEST_MESSAGE && !chosen->messages) ||
        (p->test == TEST_RECEIVE && !chosen->receives) || (p->test == TEST_ROUNDTRIP && chosen == &copy)) {
        die("%s cannot do %s", chosen->name, argv[2]);
    }
    return chosen;
}

static void answer_probes(bool streaming)
{
    probe_latency_answer(shared);
    if (streaming) {
        probe_copy_answer(shared, SLOT_LIMIT);
    }
}

/* Nanoseconds of a flag round trip; nanoseconds of 64 KiB through the copy ring. */
static void drive_probes(samples_t *s, bool streaming, double *trip, double *write)
{
    begin(s, PROBE_SECONDS);
    probe_latency_drive(shared, s, PROBE_TRIPS);
    *trip = median(s, PROBE_TRIPS);
    if (streaming) {
        begin(s, PROBE_SECONDS);
        probe_copy_drive(shared, s, PROBE_WRITES, SLOT_LIMIT);
        *write = median(s, PROBE_WRITES);
    }
}

int main(int argc, char **argv)
{
    static const uint32_t per_block[] = {[TEST_ROUNDTRIP] = 16, [TEST_STREAM] = PROBE_WRITES, [TEST_MESSAGE] = 1024,
                                         [TEST_RECEIVE] = PROBE_WRITES};
    point_t p = {.bytes = 64, .group = 1, .ring = 256, .event_idx = true, .seconds = 0.05, .cpu = {0, 1}};
    const transport_t *t = parse(&p, argc, argv);
    const bool streaming = p.test == TEST_STREAM || p.test == TEST_RECEIVE;
    samples_t s = {.most = SAMPLES};
    double trip[2] = {0};
    double write[2] = {0};
    double ns;
    pid_t other;
    int status = 0;

    shared = mmap(0, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    s.block = malloc(SAMPLES * sizeof s.block[0]);
    p.wake[0] = eventfd(0, 0);
    p.wake[1] = eventfd(0, 0);
    if (shared == MAP_FAILED || s.block == 0 || p.wake[0] < 0 || p.wake[1] < 0) {
        die("no memory or no descriptors left: %s", strerror(errno));
    }
    memset(shared, 0, sizeof *shared); /* no page fault shall happen later */
    memset(s.block, 0, SAMPLES * sizeof s.block[0]);
    p.shared = shared;
    (void)signal(SIGUSR1, on_child_failed);
    (void)signal(SIGALRM, on_alarm);
    pin(p.cpu[0]);
    if (t->prepare != 0) {
        t->prepare(&p);
    }
    other = fork();
    if (other == 0) {
        child = true;
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void)signal(SIGUSR1, SIG_DFL);
        pin(p.cpu[1]);
        answer_probes(streaming);
        t->answer(&p);
        answer_probes(streaming);
        return 0;
    }
    (void)alarm(20U);
    drive_probes(&s, streaming, &trip[0], &write[0]);
    begin(&s, p.seconds);
    t->drive(&p, &s, per_block[p.test]);
    while (load(&shared->stop) != 0U) {
    }
    ns = median(&s, per_block[p.test]);
    drive_probes(&s, streaming, &trip[1], &write[1]);
    if (waitpid(other, &status, 0) != other || status != 0) {
        die("the other process failed: %s", shared->reason);
    }
    printf("ns=%.2f trip=%.2f,%.2f write=%.1f,%.1f doorbells=%llu repeated=%llu asks=%u naps=%u\n", ns, trip[0], trip[1],
           write[0], write[1], (unsigned long long)doorbells, (unsigned long long)doorbells_repeated, load(&shared->asks),
           load(&shared->naps));
    return 0;
}
