/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * virtio-vsock, device side, stream sockets.
 *
 *   vsock.c       the device; packets from the island (TX queue)
 *   vsock_send.c  packets to the island (RX queue)
 *   vsock_conn.c  connections: table, credit, the host's sockets
 *   vsock_host.c  who may connect: PATH with "CONNECT", PATH_<port>, forwarded TCP ports
 */
#ifndef PMM_VSOCK_H
#define PMM_VSOCK_H

#include "loop.h"
#include "mmio.h"

#define VSOCK_BLOCK_LEN 0x10000U
#define VSOCK_QUEUE_MAX 256U
#define VSOCK_HOST_CID 2U
#define VSOCK_CONNS 1024U
#define VSOCK_HASH 2048U
#define VSOCK_BUFFER 0x40000U /* bytes a connection keeps for a slow host program: our buf_alloc */
#define VSOCK_FORWARDS 32U

/* From here on, resets owed stop us from taking more packets; each connection can still add one of its own. */
#define VSOCK_RESETS_STOP 256U
#define VSOCK_RESETS (VSOCK_RESETS_STOP + VSOCK_CONNS)

enum { VSOCK_RX, VSOCK_TX, VSOCK_EVENT, VSOCK_QUEUES }; /* as seen by the island */

enum vsock_op {
    OP_REQUEST = 1,
    OP_RESPONSE = 2,
    OP_RST = 3,
    OP_SHUTDOWN = 4,
    OP_RW = 5,
    OP_CREDIT_UPDATE = 6,
    OP_CREDIT_REQUEST = 7
};

enum { TYPE_STREAM = 1 }; /* seqpacket would be 2 */

enum { SHUT_RECEIVE = 1, SHUT_SEND = 2, SHUT_BOTH = 3 };

typedef struct {
    uint64_t src_cid;
    uint64_t dst_cid;
    uint32_t src_port;
    uint32_t dst_port;
    uint32_t len;
    uint16_t type;
    uint16_t op;
    uint32_t flags;
    uint32_t buf_alloc;
    uint32_t fwd_cnt;
} __attribute__((packed)) packet_t;

#define PACKET_LEN 44U
_Static_assert(sizeof(packet_t) == PACKET_LEN, "the header has no padding");

typedef struct vsock vsock_t;

enum conn_state {
    CONN_FREE,
    CONN_COMMAND,   /* a host program has connected to PATH and not yet said where to */
    CONN_REQUESTED, /* REQUEST owed or sent */
    CONN_OPEN,
    CONN_CLOSING, /* all is said and the socket closed: waiting for the island's RST */
    CONN_LINGER   /* over on the island's side; the rest goes to the host's socket */
};

typedef struct conn {
    watch_t watch; /* the host's socket; fd -1 once it is closed */
    vsock_t *vsock;
    enum conn_state state;
    bool wants_ok;       /* answer "OK <port>" when the island accepts */
    uint32_t guest_port; /* the island's */
    uint32_t host_port;  /* CID 2's */

    /* Host to island. */
    uint32_t tx_cnt;     /* bytes sent */
    uint32_t peer_alloc; /* the island's last word on its buffer */
    uint32_t peer_fwd;
    uint32_t read_hint; /* how much to offer room for next */
    bool can_read;
    bool hint_end;   /* the last event spoke of an end: read on after a short read */
    bool host_ended; /* end of file from the host's socket */
    bool asked;      /* CREDIT_REQUEST is out */

    /* Island to host. */
    uint32_t rx_cnt;   /* bytes received */
    uint32_t fwd_cnt;  /* bytes passed on to the socket */
    uint32_t fwd_told; /* fwd_cnt as the island knows it */
    uint8_t *buffer;   /* VSOCK_BUFFER bytes, made when a socket is slow for the first time */
    uint32_t buf_at;
    uint32_t buf_len;
    bool can_write;
    bool host_gone;   /* writing failed: what the island still sends goes nowhere */
    bool write_ended; /* the island's end of file was passed on */

    unsigned owed;       /* bit per enum vsock_op */
    unsigned shut_got;   /* SHUT_... flags the island has sent */
    unsigned shut_want;  /* ... that we want it to know */
    unsigned shut_told;  /* ... that we have sent */
    uint64_t deadline;   /* ms; 0: none */
    bool queued;         /* in the list of connections with something to send */
    struct conn *next;   /* in that list, or in the free list */
    struct conn *bucket; /* next with the same hash */
} conn_t;

typedef struct {
    uint32_t guest_port;
    uint32_t host_port;
    uint16_t type;
} reset_t;

typedef struct {
    watch_t watch;
    vsock_t *vsock;
    uint32_t port; /* the island's */
} forward_t;

struct vsock {
    device_t dev; /* first: a vsock is a device */
    uint32_t cid;
    const char *path; /* NULL: no Unix sockets, only forwards */
    watch_t listener;
    forward_t forwards[VSOCK_FORWARDS];
    unsigned forward_count;
    uint32_t next_port;
    bool full; /* and said so */

    conn_t conns[VSOCK_CONNS];
    conn_t *free;
    conn_t *hash[VSOCK_HASH];
    conn_t *ready_head; /* with something to send, in turn */
    conn_t *ready_tail;

    reset_t resets[VSOCK_RESETS]; /* owed to peers without a connection */
    unsigned resets_at;
    unsigned resets_len;

    /* Consecutive RW packets of one connection become one write. */
    conn_t *gather;
    struct iovec gathered[RING_MAX];
    unsigned gathered_count;
    uint32_t gathered_len;

    struct iovec chains[2U * RING_MAX];
    struct iovec room[RING_MAX];

    struct {
        uint64_t open;
        uint64_t total;
        uint64_t refused;  /* no such port, no room, no island */
        uint64_t stray;    /* not from the island's CID to ours */
        uint64_t bad;      /* packets that break a rule of the protocol */
        uint64_t lost_rst; /* never, if the bound above is right */
    } count;
};

/* vsock.c */
device_t *vsock_open(uint32_t cid);
void vsock_transport_reset(device_t *d); /* tells the island that all connections are gone */

/* vsock_send.c */
bool vsock_send(vsock_t *v); /* as much as there are buffers for; true: there is more to do */
void vsock_owe_reset(vsock_t *v, uint32_t guest_port, uint32_t host_port, uint16_t type);

/* vsock_conn.c */
void conn_init(vsock_t *v);
conn_t *conn_new(vsock_t *v, int fd, enum conn_state state); /* NULL, and FD closed: the table is full */
void conn_bind(conn_t *c, uint32_t guest_port, uint32_t host_port);
conn_t *conn_find(const vsock_t *v, uint32_t guest_port, uint32_t host_port);
void conn_free(conn_t *c);
void conn_reset(conn_t *c); /* frees it; the island gets RST if it has heard of it */
void conn_wake(conn_t *c);  /* it has something to send */
void conn_deadline(conn_t *c, uint64_t ms);
uint32_t conn_credit(const conn_t *c);
void conn_credit_update(conn_t *c, uint32_t alloc, uint32_t fwd);
void conn_write(conn_t *c, const struct iovec *iov, unsigned n, uint32_t len); /* may reset it */
void conn_accepted(conn_t *c);
void conn_linger(conn_t *c); /* the island is done with it: lasts until the host's socket has all data */
void conn_settle(conn_t *c); /* draws the conclusions from ends of either side; may free it */
void conn_tick(vsock_t *v);

/* vsock_host.c */
void vsock_listen(device_t *d, const char *path);
void vsock_forward(device_t *d, const char *spec); /* "tcp:ADDR:PORT=VSOCKPORT" */
void host_command(conn_t *c);                      /* reads "CONNECT <port>" */
void host_request(vsock_t *v, uint32_t guest_port, uint32_t host_port);

#endif
