/* Plain C loops that kvmtune is measured against: each the shortest way known to do its one thing.
 *
 * A loop is a process that opens its sockets, prints "ready", and then, for every line
 * "go MILLISECONDS" on its standard input, runs for so long and prints
 * "FRAMES NANOSECONDS LAST": how many frames it handled, in what time from its first instruction
 * to its last, and when CLOCK_MONOTONIC showed the last of them.
 */
#ifndef LOOP_H
#define LOOP_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 64, FRAME_LIMIT = 9216, THREAD_LIMIT = 8 };

/* What the command line says, the same for every thread. */
struct options {
  const char *device;
  unsigned char frame[FRAME_LIMIT];
  int frame_bytes;
  int bypass;
  int threads;
  int cpus[THREAD_LIMIT]; /* -1 for any */
  int descriptor; /* an open queue of a TAP */
  int guest;      /* and of another, behind which a guest stands */
};

/* What one thread found in one slice. */
struct result {
  uint64_t frames;
  uint64_t nanoseconds;
  uint64_t last;
};

/* One kind of loop: opens its ends for a thread, and runs a slice of it. */
struct loop {
  const char *name;
  void *(*open)(const struct options *, int thread);
  struct result (*run)(void *state, uint64_t nanoseconds);
};

extern const struct loop send_loop, sendmmsg_loop, tx_ring_loop, tx_linear_ring_loop, rx_ring_loop,
    tap_write_loop, tap_read_loop, tap_relay_loop, xdp_send_loop, xdp_receive_loop;

/* Ends the process with the reason. */
void fail(const char *what);
int packet_socket(const struct options *, int protocol);

static inline uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static inline uint32_t load_acquire(const uint32_t *word) {
  return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}
static inline void store_release(uint32_t *word, uint32_t value) {
  __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

#endif
