/* AF_XDP in copy mode, both ways (Documentation/networking/af_xdp.rst): the kernel's interface
 * alone, one socket and one queue for each thread. */
#include "loop.h"

#include <linux/bpf.h>
#include <linux/if_xdp.h>
#include <net/if.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#ifndef SOL_XDP
#define SOL_XDP 283
#endif

enum { CHUNK = 2048, CHUNKS = 4096, RING = 2048 };

struct ring {
  uint32_t *producer, *consumer, *flags;
  void *entries;
};

struct xdp {
  int fd;
  int frame_bytes;
  unsigned char *memory;
  struct ring fill, completion, transmit, receive;
  uint32_t outstanding, next;
};

static struct ring map_ring(int fd, const struct xdp_ring_offset *offset, size_t entry, off_t page) {
  char *start = mmap(NULL, offset->desc + RING * entry, PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_POPULATE, fd, page);
  if (start == MAP_FAILED) fail("mmap of a ring");
  return (struct ring){(uint32_t *)(start + offset->producer),
                       (uint32_t *)(start + offset->consumer),
                       (uint32_t *)(start + offset->flags), start + offset->desc};
}

static struct xdp *open_xdp(const struct options *options, int queue, int receives) {
  struct xdp *xdp = calloc(1, sizeof *xdp);
  xdp->frame_bytes = options->frame_bytes;
  xdp->memory = mmap(NULL, (size_t)CHUNK * CHUNKS, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  xdp->fd = socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (xdp->fd < 0) fail("socket(AF_XDP)");
  struct xdp_umem_reg memory = {
      .addr = (uintptr_t)xdp->memory, .len = (uint64_t)CHUNK * CHUNKS, .chunk_size = CHUNK};
  if (setsockopt(xdp->fd, SOL_XDP, XDP_UMEM_REG, &memory, sizeof memory)) fail("XDP_UMEM_REG");
  int entries = RING;
  setsockopt(xdp->fd, SOL_XDP, XDP_UMEM_FILL_RING, &entries, sizeof entries);
  setsockopt(xdp->fd, SOL_XDP, XDP_UMEM_COMPLETION_RING, &entries, sizeof entries);
  if (receives) setsockopt(xdp->fd, SOL_XDP, XDP_RX_RING, &entries, sizeof entries);
  if (!receives) setsockopt(xdp->fd, SOL_XDP, XDP_TX_RING, &entries, sizeof entries);
  struct xdp_mmap_offsets offsets;
  socklen_t length = sizeof offsets;
  if (getsockopt(xdp->fd, SOL_XDP, XDP_MMAP_OFFSETS, &offsets, &length)) fail("XDP_MMAP_OFFSETS");
  xdp->fill = map_ring(xdp->fd, &offsets.fr, 8, (off_t)XDP_UMEM_PGOFF_FILL_RING);
  xdp->completion = map_ring(xdp->fd, &offsets.cr, 8, (off_t)XDP_UMEM_PGOFF_COMPLETION_RING);
  size_t entry = sizeof(struct xdp_desc);
  if (receives) xdp->receive = map_ring(xdp->fd, &offsets.rx, entry, XDP_PGOFF_RX_RING);
  if (!receives) xdp->transmit = map_ring(xdp->fd, &offsets.tx, entry, XDP_PGOFF_TX_RING);
  struct sockaddr_xdp address = {
      .sxdp_family = AF_XDP,
      .sxdp_flags = XDP_COPY | XDP_USE_NEED_WAKEUP,
      .sxdp_ifindex = if_nametoindex(options->device),
      .sxdp_queue_id = (uint32_t)queue,
  };
  if (bind(xdp->fd, (struct sockaddr *)&address, sizeof address)) fail("bind(AF_XDP)");
  return xdp;
}

static void *open_send(const struct options *options, int thread) {
  struct xdp *xdp = open_xdp(options, thread, 0);
  for (uint32_t i = 0; i < RING; i++)
    memcpy(xdp->memory + i * CHUNK, options->frame, (size_t)options->frame_bytes);
  return xdp;
}

static void wake(struct xdp *xdp) {
  if (sendto(xdp->fd, NULL, 0, MSG_DONTWAIT, NULL, 0) < 0 && errno != EAGAIN && errno != EBUSY &&
      errno != ENOBUFS)
    fail("sendto(AF_XDP)");
}

static uint64_t complete(struct xdp *xdp) {
  uint32_t done = load_acquire(xdp->completion.producer) - *xdp->completion.consumer;
  store_release(xdp->completion.consumer, *xdp->completion.consumer + done);
  xdp->outstanding -= done;
  return done;
}

static struct result run_send(void *state, uint64_t nanoseconds) {
  struct xdp *xdp = state;
  struct xdp_desc *entries = xdp->transmit.entries;
  uint64_t first = now(), sent = 0, time;
  do {
    while (xdp->outstanding + BATCH > RING) {
      wake(xdp);
      sent += complete(xdp);
    }
    uint32_t producer = *xdp->transmit.producer;
    for (int i = 0; i < BATCH; i++, producer++)
      entries[producer % RING] =
          (struct xdp_desc){(producer % RING) * CHUNK, (uint32_t)xdp->frame_bytes, 0};
    store_release(xdp->transmit.producer, producer);
    xdp->outstanding += BATCH;
    if (load_acquire(xdp->transmit.flags) & XDP_RING_NEED_WAKEUP) wake(xdp);
    sent += complete(xdp);
    time = now();
  } while (time - first < nanoseconds);
  while (xdp->outstanding > 0) {
    wake(xdp);
    sent += complete(xdp);
  }
  time = now();
  return (struct result){sent, time - first, time};
}

static int bpf(int command, union bpf_attr *attribute, size_t size) {
  return (int)syscall(SYS_bpf, command, attribute, size);
}

/* A program that hands every frame to the socket of its queue; gone with the process. */
static int redirect_map(unsigned device) {
  static int map = -1;
  if (map >= 0) return map;
  union bpf_attr attribute = {0};
  attribute.map_type = BPF_MAP_TYPE_XSKMAP;
  attribute.key_size = attribute.value_size = 4;
  attribute.max_entries = THREAD_LIMIT;
  map = bpf(BPF_MAP_CREATE, &attribute, sizeof attribute);
  if (map < 0) fail("bpf(BPF_MAP_CREATE)");
  struct bpf_insn program[] = {
      {BPF_LDX | BPF_MEM | BPF_W, 2, 1, 16, 0}, /* r2 = context->rx_queue_index */
      {BPF_LD | BPF_IMM | BPF_DW, 1, BPF_PSEUDO_MAP_FD, 0, map},
      {0, 0, 0, 0, 0},
      {BPF_ALU64 | BPF_MOV | BPF_K, 3, 0, 0, XDP_PASS},
      {BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_redirect_map},
      {BPF_JMP | BPF_EXIT, 0, 0, 0, 0},
  };
  attribute = (union bpf_attr){0};
  attribute.prog_type = BPF_PROG_TYPE_XDP;
  attribute.insns = (uintptr_t)program;
  attribute.insn_cnt = sizeof program / sizeof *program;
  attribute.license = (uintptr_t) "Dual BSD/GPL";
  int loaded = bpf(BPF_PROG_LOAD, &attribute, sizeof attribute);
  if (loaded < 0) fail("bpf(BPF_PROG_LOAD)");
  attribute = (union bpf_attr){0};
  attribute.link_create.prog_fd = (uint32_t)loaded;
  attribute.link_create.target_ifindex = device;
  attribute.link_create.attach_type = BPF_XDP;
  if (bpf(BPF_LINK_CREATE, &attribute, sizeof attribute) < 0) fail("bpf(BPF_LINK_CREATE)");
  return map;
}

static void give_back(struct xdp *xdp, uint64_t chunk) {
  uint64_t *entries = xdp->fill.entries;
  entries[*xdp->fill.producer % RING] = chunk;
  store_release(xdp->fill.producer, *xdp->fill.producer + 1);
}

static void *open_receive(const struct options *options, int thread) {
  struct xdp *xdp = open_xdp(options, thread, 1);
  for (uint64_t i = 0; i < RING; i++) give_back(xdp, i * CHUNK);
  union bpf_attr attribute = {0};
  uint32_t key = (uint32_t)thread, value = (uint32_t)xdp->fd;
  attribute.map_fd = (uint32_t)redirect_map(if_nametoindex(options->device));
  attribute.key = (uintptr_t)&key;
  attribute.value = (uintptr_t)&value;
  if (bpf(BPF_MAP_UPDATE_ELEM, &attribute, sizeof attribute)) fail("bpf(BPF_MAP_UPDATE_ELEM)");
  return xdp;
}

static struct result run_receive(void *state, uint64_t nanoseconds) {
  struct xdp *xdp = state;
  struct xdp_desc *entries = xdp->receive.entries;
  uint64_t first = now(), frames = 0, last = first, time;
  do {
    uint32_t consumer = *xdp->receive.consumer;
    uint32_t ready = load_acquire(xdp->receive.producer) - consumer;
    if (ready == 0) {
      struct pollfd request = {.fd = xdp->fd, .events = POLLIN};
      poll(&request, 1, 1);
    }
    for (uint32_t i = 0; i < ready; i++) {
      struct xdp_desc entry = entries[(consumer + i) % RING];
      unsigned char *frame = xdp->memory + entry.addr;
      frames += frame[12] == 8 && frame[13] == 0;
      give_back(xdp, entry.addr & ~(uint64_t)(CHUNK - 1));
    }
    store_release(xdp->receive.consumer, consumer + ready);
    time = now();
    if (ready > 0) last = time;
  } while (time - first < nanoseconds);
  return (struct result){frames, time - first, last};
}

const struct loop xdp_send_loop = {"xdp-send", open_send, run_send};
const struct loop xdp_receive_loop = {"xdp-receive", open_receive, run_receive};
