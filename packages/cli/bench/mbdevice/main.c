/*
 * mbdevice: Modbus TCP devices to measure clients with. One thread, epoll, nothing allocated per request.
 *
 *   mbdevice --ports N [--delay-us D] [--one-at-a-time] [--silent K]
 *
 * Every device has 65,536 holding registers that hold floats; they change once a second. Function 3 and 4 read them, 6 and 16 write them
 * (a written register keeps its value). Each answer waits D microseconds; answers overlap unless --one-at-a-time. Device K takes requests
 * and never answers. The first line on stdout is the list of ports; a line on stdin is answered with the counters.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <math.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { max_ports = 1024, max_clients = 4096, in_size = 1 << 16, out_size = 1 << 20, max_late = 1 << 16, register_count = 65536 };

struct client {
  int fd, port, got, queued;
  uint64_t free_at;
  uint8_t in[in_size];
  uint8_t *out;
};
/* An answer that waits: the request is kept and answered when it is due. */
struct late {
  uint64_t due;
  int client, generation;
  uint8_t request[260];
  int length;
};

static uint8_t common[register_count * 2];
/* Written registers, by port: allocated when the first one is written. */
static uint8_t *written[max_ports], *is_written[max_ports];
static struct client clients[max_clients];
static int generations[max_clients];
static struct late late[max_late];
static unsigned late_head, late_tail;
static int listeners[max_ports], ports = 10, silent = -1, one_at_a_time, loop;
static uint64_t delay_ns, requests, registers_read, registers_written, mean_in_flight;

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void change(void) {
  double t = (double)now_ns() / 1e9;
  for (int i = 0; i < register_count / 2; i++) {
    float v = (float)(50 + 20 * sin(t / 10 + i));
    uint32_t bits;
    memcpy(&bits, &v, 4);
    bits = htonl(bits);
    memcpy(common + i * 4, &bits, 4);
  }
}

static void forget(int c) {
  if (clients[c].fd < 0) return;
  close(clients[c].fd);
  clients[c].fd = -1;
  generations[c]++;
}

static void flush_out(int c) {
  struct client *k = &clients[c];
  int sent = 0;
  while (sent < k->queued) {
    ssize_t n = send(k->fd, k->out + sent, (size_t)(k->queued - sent), MSG_NOSIGNAL);
    if (n < 0) {
      if (errno == EINTR) continue;
      if (errno == EAGAIN) { usleep(50); continue; }
      forget(c);
      return;
    }
    sent += (int)n;
  }
  k->queued = 0;
}

static void answer(int c, const uint8_t *q, int length) {
  struct client *k = &clients[c];
  if (k->queued + 300 > out_size) flush_out(c);
  if (k->fd < 0) return;
  uint8_t *a = k->out + k->queued;
  int function = q[7], start = q[8] << 8 | q[9], count = q[10] << 8 | q[11], pdu = 2;
  memcpy(a, q, 4);
  a[6] = q[6];
  a[7] = (uint8_t)function;
  if ((function == 3 || function == 4) && count >= 1 && count <= 125 && start + count <= register_count) {
    a[8] = (uint8_t)(count * 2);
    memcpy(a + 9, common + start * 2, (size_t)count * 2);
    uint8_t *own = is_written[k->port];
    if (own)
      for (int i = 0; i < count; i++)
        if (own[start + i]) memcpy(a + 9 + i * 2, written[k->port] + (start + i) * 2, 2);
    pdu = 2 + count * 2;
    registers_read += (uint64_t)count;
  } else if ((function == 6 || function == 16) && (function == 6 || (length >= 13 + count * 2 && start + count <= register_count))) {
    if (!is_written[k->port]) {
      written[k->port] = calloc(register_count, 2);
      is_written[k->port] = calloc(register_count, 1);
    }
    int n = function == 6 ? 1 : count;
    memcpy(written[k->port] + start * 2, function == 6 ? q + 10 : q + 13, (size_t)n * 2);
    memset(is_written[k->port] + start, 1, (size_t)n);
    memcpy(a + 8, q + 8, 4);
    pdu = 5;
    registers_written += (uint64_t)n;
  } else {
    a[7] |= 0x80;
    a[8] = function == 3 || function == 4 || function == 6 || function == 16 ? 2 : 1;
  }
  a[4] = (uint8_t)((pdu + 1) >> 8);
  a[5] = (uint8_t)(pdu + 1);
  k->queued += 7 + pdu;
}

static void request(int c, const uint8_t *q, int length) {
  struct client *k = &clients[c];
  requests++;
  if (k->port == silent) return;
  if (delay_ns == 0) {
    answer(c, q, length);
    return;
  }
  uint64_t now = now_ns(), due = now + delay_ns;
  if (one_at_a_time) {
    if (k->free_at > now) due = k->free_at + delay_ns;
    k->free_at = due;
  }
  if (late_tail - late_head == max_late) return;
  struct late *l = &late[late_tail++ % max_late];
  l->due = due;
  l->client = c;
  l->generation = generations[c];
  l->length = length;
  memcpy(l->request, q, (size_t)length);
  mean_in_flight += late_tail - late_head;
}

static void readable(int c) {
  struct client *k = &clients[c];
  ssize_t n = recv(k->fd, k->in + k->got, (size_t)(in_size - k->got), 0);
  if (n <= 0) {
    if (n == 0 || (errno != EAGAIN && errno != EINTR)) forget(c);
    return;
  }
  k->got += (int)n;
  int at = 0;
  while (k->got - at >= 8) {
    int length = 6 + (k->in[at + 4] << 8 | k->in[at + 5]);
    if (length > 260) {
      forget(c);
      return;
    }
    if (k->got - at < length) break;
    request(c, k->in + at, length);
    if (k->fd < 0) return;
    at += length;
  }
  memmove(k->in, k->in + at, (size_t)(k->got - at));
  k->got -= at;
  if (k->queued) flush_out(c);
}

static void accept_one(int port) {
  int fd = accept4(listeners[port], NULL, NULL, SOCK_NONBLOCK), one = 1, c = 0;
  if (fd < 0) return;
  while (c < max_clients && clients[c].fd >= 0) c++;
  if (c == max_clients) {
    close(fd);
    return;
  }
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  struct client *k = &clients[c];
  k->fd = fd;
  k->port = port;
  k->got = k->queued = 0;
  k->free_at = 0;
  if (!k->out) k->out = malloc(out_size);
  struct epoll_event e = { .events = EPOLLIN, .data.u32 = (uint32_t)(max_ports + c) };
  epoll_ctl(loop, EPOLL_CTL_ADD, fd, &e);
}

/* Answers what is due; milliseconds until the next is. With one delay for all the queue is in order, else it is walked. */
static int deliver(void) {
  uint64_t now = now_ns(), next = UINT64_MAX;
  for (unsigned i = late_head; i != late_tail; i++) {
    struct late *l = &late[i % max_late];
    if (l->length && l->due > now) {
      if (l->due < next) next = l->due;
      if (one_at_a_time) continue;
      break;
    }
    if (l->length && generations[l->client] == l->generation) {
      answer(l->client, l->request, l->length);
      flush_out(l->client);
    }
    l->length = 0;
  }
  while (late_head != late_tail && late[late_head % max_late].length == 0) late_head++;
  return next == UINT64_MAX ? 1000 : (int)((next - now) / 1000000);
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    if (!strcmp(argv[i], "--one-at-a-time")) one_at_a_time = 1;
    else if (i + 1 == argc) return 2;
    else if (!strcmp(argv[i], "--ports")) ports = atoi(argv[++i]);
    else if (!strcmp(argv[i], "--delay-us")) delay_ns = (uint64_t)atol(argv[++i]) * 1000;
    else if (!strcmp(argv[i], "--silent")) silent = atoi(argv[++i]);
    else return 2;
  }
  if (ports < 1 || ports > max_ports) return 2;
  loop = epoll_create1(0);
  for (int c = 0; c < max_clients; c++) clients[c].fd = -1;
  for (int p = 0; p < ports; p++) {
    struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof at;
    listeners[p] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (bind(listeners[p], (struct sockaddr *)&at, sizeof at) || listen(listeners[p], 128)) return 1;
    getsockname(listeners[p], (struct sockaddr *)&at, &size);
    printf(p + 1 < ports ? "%d " : "%d\n", ntohs(at.sin_port));
    struct epoll_event e = { .events = EPOLLIN, .data.u32 = (uint32_t)p };
    epoll_ctl(loop, EPOLL_CTL_ADD, listeners[p], &e);
  }
  fflush(stdout);
  struct epoll_event in = { .events = EPOLLIN, .data.u32 = max_ports + max_clients };
  epoll_ctl(loop, EPOLL_CTL_ADD, 0, &in);
  change();
  uint64_t changed = now_ns();
  for (;;) {
    struct epoll_event events[256];
    int wait = delay_ns ? deliver() : 1000;
    int n = epoll_wait(loop, events, 256, wait);
    if (now_ns() - changed >= 1000000000u) {
      change();
      changed = now_ns();
    }
    for (int i = 0; i < n; i++) {
      unsigned at = events[i].data.u32;
      if (at < max_ports) accept_one((int)at);
      else if (at < max_ports + max_clients) readable((int)(at - max_ports));
      else {
        char line[64];
        if (read(0, line, sizeof line) <= 0) return 0;
        printf("{\"requests\":%lu,\"registersRead\":%lu,\"registersWritten\":%lu,\"meanInFlight\":%.1f}\n", requests, registers_read,
               registers_written, requests ? (double)mean_in_flight / (double)requests : 0);
        fflush(stdout);
      }
    }
  }
}
