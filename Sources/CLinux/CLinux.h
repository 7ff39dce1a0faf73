// Headers only: the kernel's interface (UAPI), libnl-3, libxdp and libbpf, for `Kernel` and
// `Netlink`.
//
// The few functions below stand for macros and variadic calls that Swift cannot import. Each is
// `static inline` and does nothing but name the macro or pass its arguments on.
#ifndef KVMTUNE_CLINUX_H
#define KVMTUNE_CLINUX_H

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/ethtool_netlink.h>
#include <linux/filter.h>
#include <linux/gen_stats.h>
#include <linux/genetlink.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/if_xdp.h>
#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <linux/vhost.h>
#include <linux/virtio_config.h>
#include <linux/virtio_net.h>
#include <linux/virtio_ring.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netlink/attr.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/qdisc.h>
#include <netlink/route/tc.h>
#include <netlink/socket.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/reboot.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <xdp/xsk.h>

static inline int kvmtune_open(const char *path, int flags, mode_t mode) {
  return open(path, flags, mode);
}
static inline int kvmtune_fcntl(int descriptor, int command, int argument) {
  return fcntl(descriptor, command, argument);
}
static inline int kvmtune_ioctl(int descriptor, unsigned long request, void *argument) {
  return ioctl(descriptor, request, argument);
}
static inline int kvmtune_prctl(int option, unsigned long argument) {
  return prctl(option, argument, 0, 0, 0);
}
static inline dev_t kvmtune_makedev(unsigned major, unsigned minor) { return makedev(major, minor); }
static inline int kvmtune_name_thread(const char *name) { return prctl(PR_SET_NAME, name); }

// Swift's own view of the C library has no GNU extensions, and one program may not have two views
// of it. So the calls below, which glibc declares only for _GNU_SOURCE, are made by number.
static inline pid_t kvmtune_gettid(void) { return (pid_t)syscall(SYS_gettid); }
static inline int kvmtune_unshare(int flags) { return (int)syscall(SYS_unshare, flags); }
static inline int kvmtune_setns(int descriptor, int type) {
  return (int)syscall(SYS_setns, descriptor, type);
}
static inline int kvmtune_sched_setaffinity(const unsigned long *mask, size_t bytes) {
  return (int)syscall(SYS_sched_setaffinity, 0, bytes, mask);
}
static inline int kvmtune_sched_getaffinity(unsigned long *mask, size_t bytes) {
  return (int)syscall(SYS_sched_getaffinity, 0, bytes, mask);
}
static inline int kvmtune_memfd(const char *name, unsigned int flags) {
  return (int)syscall(SYS_memfd_create, name, flags);
}
static inline ssize_t kvmtune_sendfile(int to, int from, size_t count) {
  return syscall(SYS_sendfile, to, from, (void *)0, count);
}
static inline int kvmtune_load_module(int descriptor, const char *parameters) {
  return (int)syscall(SYS_finit_module, descriptor, parameters, 0);
}
static inline int kvmtune_accept(int descriptor, int flags) {
  return (int)syscall(SYS_accept4, descriptor, (void *)0, (void *)0, flags);
}

// For a call a frame: in a program with threads glibc makes its own of these points of cancellation,
// at the price of two locked instructions each, a fifteenth of a frame written to a TAP.
static inline ssize_t kvmtune_read(int descriptor, void *buffer, size_t count) {
  return syscall(SYS_read, descriptor, buffer, count);
}
static inline ssize_t kvmtune_write(int descriptor, const void *buffer, size_t count) {
  return syscall(SYS_write, descriptor, buffer, count);
}

// The layout of struct mmsghdr, which sendmmsg(2) and recvmmsg(2) take.
struct kvmtune_mmsghdr {
  struct msghdr header;
  unsigned int length;
};
static inline int kvmtune_sendmmsg(int descriptor, struct kvmtune_mmsghdr *messages,
                                   unsigned int count, int flags) {
  return (int)syscall(SYS_sendmmsg, descriptor, messages, count, flags);
}
static inline int kvmtune_recvmmsg(int descriptor, struct kvmtune_mmsghdr *messages,
                                   unsigned int count, int flags) {
  return (int)syscall(SYS_recvmmsg, descriptor, messages, count, flags, (void *)0);
}

// The status word of a packet ring's block, which the kernel hands over (packet_mmap.rst).
static inline uint32_t kvmtune_load_acquire(const uint32_t *word) {
  return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}
static inline void kvmtune_store_release(uint32_t *word, uint32_t value) {
  __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

// The indices of a virtqueue, which we and a vhost worker hand each other (virtio 1.2, 2.7).
static inline uint16_t kvmtune_load_acquire_16(const uint16_t *word) {
  return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}
static inline void kvmtune_store_release_16(uint16_t *word, uint16_t value) {
  __atomic_store_n(word, value, __ATOMIC_RELEASE);
}
// Between publishing an index and reading whether the other side wants to know (2.7.13.4.1).
static inline void kvmtune_full_barrier(void) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

// struct vhost_memory with one region: Swift does not see the flexible array at its end.
struct kvmtune_vhost_memory {
  uint32_t regions;
  uint32_t padding;
  struct vhost_memory_region region;
};

// The vhost requests are function-like macros over their argument's type (vhost.h).
static const unsigned long KVMTUNE_VHOST_GET_FEATURES = VHOST_GET_FEATURES;
static const unsigned long KVMTUNE_VHOST_SET_FEATURES = VHOST_SET_FEATURES;
static const unsigned long KVMTUNE_VHOST_SET_OWNER = VHOST_SET_OWNER;
static const unsigned long KVMTUNE_VHOST_SET_MEM_TABLE = VHOST_SET_MEM_TABLE;
static const unsigned long KVMTUNE_VHOST_SET_VRING_NUM = VHOST_SET_VRING_NUM;
static const unsigned long KVMTUNE_VHOST_SET_VRING_BASE = VHOST_SET_VRING_BASE;
static const unsigned long KVMTUNE_VHOST_SET_VRING_ADDR = VHOST_SET_VRING_ADDR;
static const unsigned long KVMTUNE_VHOST_SET_VRING_KICK = VHOST_SET_VRING_KICK;
static const unsigned long KVMTUNE_VHOST_SET_VRING_CALL = VHOST_SET_VRING_CALL;
static const unsigned long KVMTUNE_VHOST_NET_SET_BACKEND = VHOST_NET_SET_BACKEND;

// The TAP requests are function-like macros over their argument's type (if_tun.h).
static const unsigned long KVMTUNE_TUNSETIFF = TUNSETIFF;
static const unsigned long KVMTUNE_TUNSETVNETHDRSZ = TUNSETVNETHDRSZ;
static const unsigned long KVMTUNE_TUNSETSNDBUF = TUNSETSNDBUF;
static const unsigned long KVMTUNE_TUNSETOFFLOAD = TUNSETOFFLOAD;

// Younger than Debian 12's headers (linux/if_packet.h, Linux 6.2; linux/if_xdp.h, Linux 6.18).
enum { KVMTUNE_PACKET_FANOUT_FLAG_IGNORE_OUTGOING = 0x4000, KVMTUNE_XDP_MAX_TX_SKB_BUDGET = 9 };

// The statistics of each queue in the family `netdev`, younger than Debian 12's headers
// (linux/netdev.h, Linux 6.9; the drops Linux 6.10).
enum {
  KVMTUNE_NETDEV_CMD_QSTATS_GET = 12,
  KVMTUNE_NETDEV_A_QSTATS_IFINDEX = 1,
  KVMTUNE_NETDEV_A_QSTATS_QUEUE_TYPE = 2,
  KVMTUNE_NETDEV_A_QSTATS_QUEUE_ID = 3,
  KVMTUNE_NETDEV_A_QSTATS_SCOPE = 4,
  KVMTUNE_NETDEV_A_QSTATS_RX_HW_DROPS = 13,
  KVMTUNE_NETDEV_A_QSTATS_TX_HW_DROPS = 24,
  KVMTUNE_NETDEV_QSTATS_SCOPE_QUEUE = 1
};

// udp(7); Debian 12's netinet/udp.h has them for _GNU_SOURCE only.
static const int KVMTUNE_UDP_SEGMENT = 103;
static const int KVMTUNE_UDP_GRO = 104;
static const int KVMTUNE_MSG_ZEROCOPY = 0x4000000;

// What a TAP's guest takes whole (linux/if_tun.h); the last two are younger than Debian 12's headers
// (Linux 6.2).
static const unsigned long KVMTUNE_TUN_SUPER_FRAMES = TUN_F_CSUM | TUN_F_TSO4 | 0x20 | 0x40;

// Flags that glibc hides in the same way (unshare(2), mount namespaces(7)).
enum { KVMTUNE_CLONE_NEWNS = 0x00020000, KVMTUNE_CLONE_NEWNET = 0x40000000 };
enum { KVMTUNE_MFD_CLOEXEC = 1 };

#endif
