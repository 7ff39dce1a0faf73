/* A bare counter of frames over a ring of TPACKET_V3 (packet_mmap.rst). */
#include "loop.h"

#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <sys/mman.h>

#ifndef SOL_PACKET
#define SOL_PACKET 263
#endif

enum { BLOCK_BYTES = 1 << 18, BLOCKS = 64 };

struct receiver {
  int fd;
  char *ring;
  unsigned next;
};

/* Deaf between the slices: a filter that lets nothing in. */
static void listen_to(struct receiver *receiver, int on) {
  struct sock_filter nothing = {BPF_RET | BPF_K, 0, 0, 0};
  struct sock_fprog program = {1, &nothing};
  if (setsockopt(receiver->fd, SOL_SOCKET, on ? SO_DETACH_FILTER : SO_ATTACH_FILTER, &program,
                 sizeof program))
    fail("SO_ATTACH_FILTER");
}

static void *open_receiver(const struct options *options, int thread) {
  (void)thread;
  struct receiver *receiver = calloc(1, sizeof *receiver);
  receiver->fd = packet_socket(options, ETH_P_ALL);
  int version = TPACKET_V3, on = 1;
  if (setsockopt(receiver->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version))
    fail("PACKET_VERSION");
  setsockopt(receiver->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on);
  struct tpacket_req3 request = {
      .tp_block_size = BLOCK_BYTES,
      .tp_block_nr = BLOCKS,
      .tp_frame_size = 2048,
      .tp_frame_nr = BLOCK_BYTES / 2048 * BLOCKS,
      .tp_retire_blk_tov = 1,
  };
  if (setsockopt(receiver->fd, SOL_PACKET, PACKET_RX_RING, &request, sizeof request))
    fail("PACKET_RX_RING");
  receiver->ring = mmap(NULL, (size_t)BLOCK_BYTES * BLOCKS, PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_POPULATE, receiver->fd, 0);
  if (receiver->ring == MAP_FAILED) fail("mmap");
  listen_to(receiver, 0);
  return receiver;
}

static struct tpacket_block_desc *block(struct receiver *receiver) {
  return (struct tpacket_block_desc *)(receiver->ring + (size_t)receiver->next * BLOCK_BYTES);
}

static int is_ready(struct receiver *receiver) {
  return load_acquire(&block(receiver)->hdr.bh1.block_status) & TP_STATUS_USER;
}

/* Every frame is gone to, and its first bytes are looked at: what any receiver must do. */
static uint64_t take(struct receiver *receiver) {
  struct tpacket_block_desc *ready = block(receiver);
  uint64_t frames = 0;
  char *place = (char *)ready + ready->hdr.bh1.offset_to_first_pkt;
  for (uint32_t i = 0; i < ready->hdr.bh1.num_pkts; i++) {
    struct tpacket3_hdr *header = (struct tpacket3_hdr *)place;
    struct ethhdr *ethernet = (struct ethhdr *)(place + header->tp_mac);
    frames += ethernet->h_proto == __builtin_bswap16(ETH_P_IP);
    place += header->tp_next_offset;
  }
  store_release(&ready->hdr.bh1.block_status, TP_STATUS_KERNEL);
  receiver->next = (receiver->next + 1) % BLOCKS;
  return frames;
}

static struct result run_receive(void *state, uint64_t nanoseconds) {
  struct receiver *receiver = state;
  listen_to(receiver, 1);
  uint64_t first = now(), frames = 0, last = first, time;
  do {
    if (!is_ready(receiver)) {
      struct pollfd request = {.fd = receiver->fd, .events = POLLIN};
      poll(&request, 1, 1);
    }
    uint64_t before = frames;
    while (is_ready(receiver)) frames += take(receiver);
    time = now();
    if (frames > before) last = time;
  } while (time - first < nanoseconds);
  listen_to(receiver, 0);
  return (struct result){frames, time - first, last};
}

const struct loop rx_ring_loop = {"rx-ring", open_receiver, run_receive};
