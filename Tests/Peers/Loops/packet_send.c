/* Frames out of a packet socket: one call a frame, one call a batch, or a ring. */
#include "loop.h"

#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>

#ifndef SOL_PACKET
#define SOL_PACKET 263
#endif

struct sender {
  int fd;
  int frame_bytes;
  unsigned char frames[BATCH][(FRAME_LIMIT + 63) / 64 * 64];
  struct iovec vectors[BATCH];
  struct mmsghdr messages[BATCH];
  char *ring;
  unsigned slots;
  unsigned slot_bytes;
  unsigned next;
  unsigned header_bytes; /* of virtio-net header in front of each frame of a ring */
};

static int open_socket(const struct options *options) {
  int fd = packet_socket(options, 0);
  int bytes = 8 << 20;
  setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &options->bypass, sizeof options->bypass);
  if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof bytes)) fail("SO_SNDBUFFORCE");
  return fd;
}

static void *open_sender(const struct options *options, int thread) {
  (void)thread;
  struct sender *sender = aligned_alloc(64, sizeof *sender);
  memset(sender, 0, sizeof *sender);
  sender->fd = open_socket(options);
  sender->frame_bytes = options->frame_bytes;
  /* Frames close together, as few cache lines as there can be. */
  unsigned stride = ((unsigned)options->frame_bytes + 63) / 64 * 64;
  unsigned char *start = sender->frames[0];
  for (int i = 0; i < BATCH; i++, start += stride) {
    memcpy(start, options->frame, (size_t)options->frame_bytes);
    sender->vectors[i] = (struct iovec){start, (size_t)options->frame_bytes};
    sender->messages[i].msg_hdr.msg_iov = &sender->vectors[i];
    sender->messages[i].msg_hdr.msg_iovlen = 1;
  }
  return sender;
}

static void obstacle(int fd) {
  if (errno == EAGAIN) {
    struct pollfd request = {.fd = fd, .events = POLLOUT};
    poll(&request, 1, 1);
  } else if (errno == ENOBUFS) {
    sched_yield();
  } else {
    fail("send");
  }
}

static struct result run_send(void *state, uint64_t nanoseconds) {
  struct sender *sender = state;
  uint64_t first = now(), sent = 0, time;
  do {
    for (int i = 0; i < BATCH; i++) {
      if (send(sender->fd, sender->vectors[i].iov_base, (size_t)sender->frame_bytes,
               MSG_DONTWAIT) >= 0)
        sent++;
      else
        obstacle(sender->fd);
    }
    time = now();
  } while (time - first < nanoseconds);
  return (struct result){sent, time - first, time};
}

static struct result run_sendmmsg(void *state, uint64_t nanoseconds) {
  struct sender *sender = state;
  uint64_t first = now(), sent = 0, time;
  do {
    int tried = 0;
    while (tried < BATCH) {
      int count = sendmmsg(sender->fd, sender->messages + tried, (unsigned)(BATCH - tried),
                           MSG_DONTWAIT);
      if (count >= 0) {
        tried += count;
        sent += (uint64_t)count;
      } else {
        if (errno == ENOBUFS) tried++;
        obstacle(sender->fd);
      }
    }
    time = now();
  } while (time - first < nanoseconds);
  return (struct result){sent, time - first, time};
}

/* TPACKET_V2 (packet_mmap.rst): where a frame's bytes stand in its slot. */
static const unsigned data_offset = TPACKET2_HDRLEN - sizeof(struct sockaddr_ll);

static void *open_any_ring(const struct options *options, int with_header) {
  struct sender *sender = calloc(1, sizeof *sender);
  sender->fd = open_socket(options);
  sender->frame_bytes = options->frame_bytes;
  int version = TPACKET_V2;
  if (setsockopt(sender->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof version))
    fail("PACKET_VERSION");
  if (with_header) {
    sender->header_bytes = sizeof(struct virtio_net_hdr);
    if (setsockopt(sender->fd, SOL_PACKET, PACKET_VNET_HDR, &with_header, sizeof with_header))
      fail("PACKET_VNET_HDR");
  }
  sender->slots = 1024;
  sender->slot_bytes = 256;
  while (sender->slot_bytes < data_offset + sender->header_bytes + (unsigned)sender->frame_bytes)
    sender->slot_bytes *= 2;
  struct tpacket_req request = {
      .tp_block_size = 65536,
      .tp_frame_size = sender->slot_bytes,
      .tp_frame_nr = sender->slots,
      .tp_block_nr = sender->slots * sender->slot_bytes / 65536,
  };
  if (setsockopt(sender->fd, SOL_PACKET, PACKET_TX_RING, &request, sizeof request))
    fail("PACKET_TX_RING");
  size_t bytes = (size_t)sender->slots * sender->slot_bytes;
  sender->ring =
      mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, sender->fd, 0);
  if (sender->ring == MAP_FAILED) fail("mmap");
  for (unsigned i = 0; i < sender->slots; i++) {
    char *start = sender->ring + i * sender->slot_bytes + data_offset;
    struct virtio_net_hdr header = {.hdr_len = (uint16_t)options->frame_bytes};
    memcpy(start, &header, sender->header_bytes);
    memcpy(start + sender->header_bytes, options->frame, (size_t)options->frame_bytes);
  }
  return sender;
}

static void *open_ring(const struct options *options, int thread) {
  (void)thread;
  return open_any_ring(options, 0);
}

/* All of a frame is said to be its header: then the kernel copies it into one piece. */
static void *open_linear_ring(const struct options *options, int thread) {
  (void)thread;
  return open_any_ring(options, 1);
}

static void kick(struct sender *sender) {
  if (send(sender->fd, NULL, 0, MSG_DONTWAIT) < 0 && errno != EAGAIN && errno != ENOBUFS)
    fail("send");
}

static struct tpacket2_hdr *slot(struct sender *sender, unsigned index) {
  return (struct tpacket2_hdr *)(sender->ring + index * sender->slot_bytes);
}

static struct result run_ring(void *state, uint64_t nanoseconds) {
  struct sender *sender = state;
  uint64_t first = now(), sent = 0, time;
  do {
    for (int i = 0; i < BATCH; i++) {
      struct tpacket2_hdr *header = slot(sender, sender->next);
      while (load_acquire(&header->tp_status) & (TP_STATUS_SEND_REQUEST | TP_STATUS_SENDING))
        kick(sender);
      if (load_acquire(&header->tp_status) & TP_STATUS_WRONG_FORMAT) {
        errno = EINVAL;
        fail("TX ring");
      }
      header->tp_len = sender->header_bytes + (uint32_t)sender->frame_bytes;
      store_release(&header->tp_status, TP_STATUS_SEND_REQUEST);
      sender->next = (sender->next + 1) % sender->slots;
      sent++;
    }
    kick(sender);
    time = now();
  } while (time - first < nanoseconds);
  for (unsigned i = 0; i < sender->slots; i++)
    while (load_acquire(&slot(sender, i)->tp_status) & (TP_STATUS_SEND_REQUEST | TP_STATUS_SENDING))
      kick(sender);
  time = now();
  return (struct result){sent, time - first, time};
}

const struct loop send_loop = {"send", open_sender, run_send};
const struct loop sendmmsg_loop = {"sendmmsg", open_sender, run_sendmmsg};
const struct loop tx_ring_loop = {"tx-ring", open_ring, run_ring};
const struct loop tx_linear_ring_loop = {"tx-ring-linear", open_linear_ring, run_ring};
