/* Packets from one TAP into another and back, virtio-net header and all: what holds the queue of a
 * guest without vhost does just this, so a whole network stack can stand behind the first one. */
#include "loop.h"

#include <poll.h>

struct relay {
  int ends[2];
  unsigned char buffer[65536 + 64];
};

static void *open_relay(const struct options *options, int thread) {
  (void)thread;
  struct relay *relay = calloc(1, sizeof *relay);
  relay->ends[0] = options->descriptor;
  relay->ends[1] = options->guest;
  return relay;
}

/* One way, as many as a batch: every packet of up to 64 KiB is read once and written once. */
static uint64_t carry(struct relay *relay, int from, int to) {
  uint64_t carried = 0;
  for (int i = 0; i < BATCH; i++) {
    ssize_t bytes = read(from, relay->buffer, sizeof relay->buffer);
    if (bytes < 0) {
      if (errno == EAGAIN) break;
      fail("read");
    }
    if (write(to, relay->buffer, (size_t)bytes) >= 0)
      carried++;
    else if (errno != EAGAIN && errno != ENOBUFS)
      fail("write");
  }
  return carried;
}

static struct result run_relay(void *state, uint64_t nanoseconds) {
  struct relay *relay = state;
  int host = relay->ends[0], guest = relay->ends[1];
  uint64_t first = now(), packets = 0, last = first, time;
  do {
    uint64_t before = packets;
    packets += carry(relay, guest, host);
    packets += carry(relay, host, guest);
    if (packets == before) {
      struct pollfd requests[2] = {{.fd = host, .events = POLLIN}, {.fd = guest, .events = POLLIN}};
      poll(requests, 2, 1);
    }
    time = now();
    if (packets > before) last = time;
  } while (time - first < nanoseconds);
  return (struct result){packets, time - first, last};
}

const struct loop tap_relay_loop = {"tap-relay", open_relay, run_relay};
