/* Frames into a TAP's queue, and out of it: one call a frame, there is no other way. */
#include "loop.h"

#include <poll.h>

/* Bytes of virtio-net header in front of every frame, zero for one without offloads. */
enum { HEADER = 12 };

struct tap {
  int fd;
  int frame_bytes;
  unsigned char frames[BATCH][FRAME_LIMIT + 64];
  unsigned char buffer[65536 + 64];
};

static void *open_tap(const struct options *options, int thread) {
  (void)thread;
  struct tap *tap = aligned_alloc(64, (sizeof *tap + 63) / 64 * 64);
  memset(tap, 0, sizeof *tap);
  tap->fd = options->descriptor;
  tap->frame_bytes = options->frame_bytes;
  for (int i = 0; i < BATCH; i++)
    memcpy(tap->frames[i] + HEADER, options->frame, (size_t)options->frame_bytes);
  return tap;
}

static struct result run_write(void *state, uint64_t nanoseconds) {
  struct tap *tap = state;
  uint64_t first = now(), sent = 0, time;
  do {
    for (int i = 0; i < BATCH; i++) {
      if (write(tap->fd, tap->frames[i], (size_t)(HEADER + tap->frame_bytes)) >= 0)
        sent++;
      else if (errno != EAGAIN && errno != ENOBUFS)
        fail("write");
    }
    time = now();
  } while (time - first < nanoseconds);
  return (struct result){sent, time - first, time};
}

static struct result run_read(void *state, uint64_t nanoseconds) {
  struct tap *tap = state;
  uint64_t first = now(), frames = 0, last = first, time;
  do {
    uint64_t before = frames;
    for (int i = 0; i < BATCH; i++) {
      if (read(tap->fd, tap->buffer, sizeof tap->buffer) >= 0) {
        frames++;
        continue;
      }
      if (errno != EAGAIN) fail("read");
      if (frames == before) {
        struct pollfd request = {.fd = tap->fd, .events = POLLIN};
        poll(&request, 1, 1);
      }
      break;
    }
    time = now();
    if (frames > before) last = time;
  } while (time - first < nanoseconds);
  return (struct result){frames, time - first, last};
}

const struct loop tap_write_loop = {"tap-write", open_tap, run_write};
const struct loop tap_read_loop = {"tap-read", open_tap, run_read};
