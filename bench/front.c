/* SPDX-License-Identifier: BSD-3-Clause */
/* The island: libskerry through its public calls, and nothing else of it. */
#include "bench.h"

#include "skerry/skerry.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CLOCK_EVERY 256U /* turns of a polling loop between two looks at the clock: an island's tick is a variable */
#define BASE_ADDRESS 0x10000000U

uint64_t doorbells, doorbells_repeated;

static skr_vsock_t vsock;
static skr_vsock_handle_t peer;
static struct {
    int fd; /* eventfd, or datagram socket towards the reference back-end; -1: it polls */
    struct sockaddr_un to;
} bell = {.fd = -1};
static int ear = -1; /* what a sleeping front-end waits on */
static uint32_t tick, turns;

void skr_port_doorbell(uint32_t doorbell)
{
    const uint64_t one = 1;

    (void)doorbell;
    doorbells++;
    if (bell.fd >= 0 && bell.to.sun_family != 0) {
        (void)!sendto(bell.fd, "\n", 1U, MSG_DONTWAIT | MSG_NOSIGNAL, (const struct sockaddr *)&bell.to, sizeof bell.to);
    } else if (bell.fd >= 0) {
        (void)!write(bell.fd, &one, sizeof one);
    }
}

static uint32_t clock_tick(void)
{
    return (uint32_t)(now_ns() / 1000000U);
}

/* True if nothing came: only then is it safe to sleep, for what came re-armed the interrupt (virtq.h). */
static bool step(void)
{
    const uint32_t before = vsock.counters.packets_received;

    if (++turns % CLOCK_EVERY == 0U) {
        tick = clock_tick();
    }
    const skr_status_t status = skr_vsock_step(&vsock, tick);

    if (status == SKR_FAULT) {
        die("the front-end gave up, cause %d", (int)skr_vsock_cause(&vsock));
    }
    return vsock.counters.packets_received == before;
}

static void sleep_until_rung(void)
{
    struct pollfd p = {.fd = ear, .events = POLLIN};
    uint64_t scratch;

    if (bell.to.sun_family == 0) {
        if (read(ear, &scratch, sizeof scratch) != (ssize_t)sizeof scratch) {
            die("eventfd: %s", strerror(errno));
        }
    } else if (poll(&p, 1U, 100) == 1) {
        (void)!recv(ear, &scratch, sizeof scratch, MSG_DONTWAIT);
    }
    turns += CLOCK_EVERY - 1U - turns % CLOCK_EVERY; /* the next step looks at the clock */
}

/* Set-up and connection are not measured. */
static void connect_to_host(void)
{
    const uint64_t limit = now_ns() + 5000000000ULL;
    uint32_t events = 0;

    turns = CLOCK_EVERY - 1U;
    tick = clock_tick();
    if (skr_vsock_start(&vsock, tick) != SKR_OK) {
        die("skr_vsock_start: cause %d", (int)skr_vsock_cause(&vsock));
    }
    while (skr_vsock_cid(&vsock) == 0U && now_ns() < limit) {
        (void)step();
    }
    if (skr_vsock_connect(&vsock, SKR_VSOCK_PORT_ANY, HOST_PORT, 4000U, &peer) != SKR_OK) {
        die("the device did not come up within 5 s");
    }
    while ((events & SKR_VSOCK_WRITABLE) == 0U) {
        (void)step();
        if (skr_vsock_events(&vsock, peer, &events) != SKR_OK || (events & SKR_VSOCK_HANGUP) != 0U || now_ns() > limit) {
            die("the connection to port %u of the host failed", HOST_PORT);
        }
    }
}

static uint32_t sent; /* wraps, as the back-end's count does */

static void send_all(const uint8_t *data, uint32_t length)
{
    uint32_t taken = 0;

    sent += length;
    for (uint32_t done = 0; done < length; done += taken) {
        const skr_status_t status = skr_vsock_send(&vsock, peer, data + done, length - done, &taken);

        if (status == SKR_AGAIN) {
            (void)step();
        } else if (status != SKR_OK) {
            die("skr_vsock_send: status %d", (int)status);
        }
    }
}

/* Nothing got lost: the back-end has counted every byte. */
static void check_delivery(const point_t *p)
{
    const uint64_t limit = now_ns() + 1000000000ULL;

    while (load(&p->shared->bytes) != sent) {
        if (now_ns() > limit) {
            die("%u bytes were sent, %u arrived", sent, load(&p->shared->bytes));
        }
        (void)step();
    }
}

/* `length` bytes; with `expected`, compared. They are read in place: in private memory they are already. */
static void receive(uint32_t length, bool sleeping, const uint8_t *expected)
{
    for (uint32_t done = 0; done < length;) {
        const uint8_t *data = 0;
        uint32_t there = 0;
        const bool quiet = step();
        const skr_status_t status = skr_vsock_peek(&vsock, peer, &data, &there);
        if (status == SKR_OK) {
            if (there > length - done || (expected != 0 && memcmp(data, expected + done, there) != 0)) {
                die("what came back is not what was sent");
            }
            done += there;
            if (skr_vsock_consume(&vsock, peer, there) != SKR_OK) {
                die("skr_vsock_consume failed");
            }
        } else if (status != SKR_AGAIN) {
            die("skr_vsock_peek: status %d", (int)status);
        } else if (sleeping && quiet) {
            sleep_until_rung();
        }
    }
}

/* As much as comes, until so many bytes have passed. */
static void drain(uint32_t length, bool sleeping)
{
    static uint8_t to[WRITE_BYTES];

    for (uint32_t done = 0; done < length;) {
        uint32_t got = 0;
        const bool quiet = step();
        skr_status_t status;

        do {
            status = skr_vsock_recv(&vsock, peer, to, sizeof to, &got);
            done += got;
        } while (status == SKR_OK && got == sizeof to);
        if (status == SKR_AGAIN && sleeping && quiet) {
            sleep_until_rung();
        } else if (status != SKR_OK && status != SKR_AGAIN) {
            die("skr_vsock_recv: status %d", (int)status);
        }
    }
}

static void open_window(const point_t *p)
{
    skr_transport_t t = {.kind = SKR_TRANSPORT_HVL, .registers_size = 0x100U, .config_size = 8U,
                         .memory_size = WINDOW_BYTES - SKR_HVL_HEADER_BYTES,
                         .options = SKR_OPTION_PMM_RESETS | (p->event_idx ? SKR_OPTION_EVENT_IDX : 0U)};
    uint8_t *window = p->shared->window;
    uint64_t address = BASE_ADDRESS;

    if (p->pmm != 0) {
        char path[100];
        int fd;

        (void)snprintf(path, sizeof path, "%s/shm", p->folder);
        fd = open(path, O_RDWR);
        window = (fd < 0) ? MAP_FAILED : mmap(0, WINDOW_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (window == MAP_FAILED) {
            die("cannot map %s: %s", path, strerror(errno));
        }
        address = 0;
    }
    t.registers = window;
    t.config = window + 0x100;
    t.memory = window + SKR_HVL_HEADER_BYTES;
    t.memory_address = address + SKR_HVL_HEADER_BYTES;
    if (skr_vsock_init(&vsock, &t, clock_tick()) != SKR_OK) {
        die("skr_vsock_init: cause %d", (int)skr_vsock_cause(&vsock));
    }
}

static void open_bell(const point_t *p)
{
    if (p->pmm != 0) {
        struct sockaddr_un ours = {.sun_family = AF_UNIX};

        (void)snprintf(ours.sun_path, sizeof ours.sun_path, "%s/bell.fe", p->folder);
        (void)snprintf(bell.to.sun_path, sizeof bell.to.sun_path, "%s/bell.pmm", p->folder);
        bell.to.sun_family = AF_UNIX;
        bell.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        if (bell.fd < 0 || bind(bell.fd, (const struct sockaddr *)&ours, sizeof ours) != 0) {
            die("cannot receive on %s: %s", ours.sun_path, strerror(errno));
        }
        ear = bell.fd;
    } else if (p->sleeping) {
        bell.fd = p->wake[1];
        ear = p->wake[0];
    }
}

void front_drive(point_t *p, samples_t *s, uint32_t per_block)
{
    static uint8_t data[WRITE_BYTES];
    uint64_t before;
    uint32_t repeated;

    for (uint32_t i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 7U + i / 251U);
    }
    open_window(p);
    open_bell(p);
    connect_to_host();
    if (p->test == TEST_ROUNDTRIP) {
        send_all(data, p->bytes);
        receive(p->bytes, p->sleeping, data);
    }
    before = doorbells;
    repeated = vsock.device.counters.kicks_repeated;
    s->last = now_ns();
    do {
        for (uint32_t i = 0; i < per_block; i += (p->test == TEST_MESSAGE) ? p->group : 1U) {
            if (p->test == TEST_ROUNDTRIP) {
                send_all(data, p->bytes);
                receive(p->bytes, p->sleeping, 0);
            } else if (p->test == TEST_RECEIVE) {
                drain(WRITE_BYTES, p->sleeping);
            } else {
                send_all(data, (p->test == TEST_STREAM) ? WRITE_BYTES : p->bytes * p->group);
            }
        }
    } while (more(s));
    repeated = vsock.device.counters.kicks_repeated - repeated;
    before = doorbells - before;
    if (p->test == TEST_ROUNDTRIP) {
        send_all(data, p->bytes);
        receive(p->bytes, p->sleeping, data);
    }
    if (p->pmm == 0) {
        check_delivery(p);
    }
    store(&p->shared->stop, 1);
    if (bell.fd >= 0) {
        skr_port_doorbell(0U); /* it may sleep */
    }
    doorbells = before;
    doorbells_repeated = repeated;
}
