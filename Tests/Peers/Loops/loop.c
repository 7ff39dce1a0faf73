#include "loop.h"

#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <arpa/inet.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>

static const struct loop *const loops[] = {
    &send_loop,      &sendmmsg_loop, &tx_ring_loop,   &tx_linear_ring_loop, &rx_ring_loop,
    &tap_write_loop, &tap_read_loop, &tap_relay_loop, &xdp_send_loop,       &xdp_receive_loop,
};

static struct options options = {.threads = 1, .cpus = {-1}, .descriptor = -1, .guest = -1};
static const struct loop *loop;
static uint64_t slice;
static struct result results[THREAD_LIMIT];
static pthread_barrier_t begin, end;

void fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

int packet_socket(const struct options *options, int protocol) {
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
  if (fd < 0) fail("socket");
  struct sockaddr_ll address = {
      .sll_family = AF_PACKET,
      .sll_protocol = htons(protocol),
      .sll_ifindex = (int)if_nametoindex(options->device),
  };
  if (bind(fd, (struct sockaddr *)&address, sizeof address)) fail("bind");
  return fd;
}

static void pin(int cpu) {
  if (cpu < 0) return;
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  if (sched_setaffinity(0, sizeof set, &set)) fail("sched_setaffinity");
}

static void *serve(void *number) {
  int thread = (int)(intptr_t)number;
  pin(options.cpus[thread]);
  void *state = loop->open(&options, thread);
  for (;;) {
    pthread_barrier_wait(&end);
    pthread_barrier_wait(&begin);
    results[thread] = loop->run(state, slice);
  }
  return NULL;
}

static void enter(const char *namespace) {
  int fd = open(namespace, O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail(namespace);
  if (setns(fd, 0)) fail("setns");
  close(fd);
}

static void read_frame(const char *hex) {
  unsigned byte;
  while (options.frame_bytes < FRAME_LIMIT && sscanf(hex, "%2x", &byte) == 1) {
    options.frame[options.frame_bytes++] = (unsigned char)byte;
    hex += 2;
  }
}

static void read_option(char *argument) {
  char *value = strchr(argument, '=');
  if (!value) {
    errno = EINVAL;
    fail(argument);
  }
  *value++ = 0;
  if (!strcmp(argument, "namespace")) enter(value);
  if (!strcmp(argument, "device")) options.device = value;
  if (!strcmp(argument, "frame")) read_frame(value);
  if (!strcmp(argument, "bypass")) options.bypass = atoi(value);
  if (!strcmp(argument, "descriptor")) options.descriptor = atoi(value);
  if (!strcmp(argument, "guest")) options.guest = atoi(value);
  if (!strcmp(argument, "cpus")) {
    options.threads = 0;
    for (char *cpu = strtok(value, ","); cpu && options.threads < THREAD_LIMIT;
         cpu = strtok(NULL, ","))
      options.cpus[options.threads++] = atoi(cpu);
  }
}

/* loops NAME [namespace=PATH] device=NAME [cpus=0,1] [frame=HEX] [bypass=1] [descriptor=N]
 * [guest=N] */
int main(int count, char **arguments) {
  for (size_t i = 0; i < sizeof loops / sizeof *loops; i++)
    if (count > 1 && !strcmp(loops[i]->name, arguments[1])) loop = loops[i];
  if (!loop) {
    fprintf(stderr, "no such loop\n");
    return 64;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (int i = 2; i < count; i++) read_option(arguments[i]);
  pthread_barrier_init(&begin, NULL, (unsigned)options.threads + 1);
  pthread_barrier_init(&end, NULL, (unsigned)options.threads + 1);
  for (intptr_t thread = 0; thread < options.threads; thread++) {
    pthread_t handle;
    if (pthread_create(&handle, NULL, serve, (void *)thread)) fail("pthread_create");
  }
  pthread_barrier_wait(&end);
  puts("ready");
  fflush(stdout);
  unsigned milliseconds;
  while (scanf(" go %u", &milliseconds) == 1) {
    slice = milliseconds * 1000000ull;
    pthread_barrier_wait(&begin);
    pthread_barrier_wait(&end);
    struct result sum = {0};
    for (int thread = 0; thread < options.threads; thread++) {
      sum.frames += results[thread].frames;
      if (results[thread].nanoseconds > sum.nanoseconds)
        sum.nanoseconds = results[thread].nanoseconds;
      if (results[thread].last > sum.last) sum.last = results[thread].last;
    }
    printf("%llu %llu %llu\n", (unsigned long long)sum.frames,
           (unsigned long long)sum.nanoseconds, (unsigned long long)sum.last);
    fflush(stdout);
  }
  return 0;
}
