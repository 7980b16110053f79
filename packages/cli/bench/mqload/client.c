#define _GNU_SOURCE
#include "client.h"
#include "measure.h"
#include "options.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

struct totals totals;
struct client *publishers;
int deliveries = 1, measuring;
void (*may_send)(struct client *c);
static int loop;
static uint8_t buffer[4 << 20];

// at once: how many handshakes are under way
enum { at_once = 64, connect_seconds = 60, topic_length = 96, cached_topics = 4096, body = 16 };

static void die(int code, const char *what, int detail) {
  fprintf(stderr, "%s (%d)\n", what, detail);
  exit(code);
}

void clients_init(void) {
  loop = epoll_create1(0);
  links_init();
}

static int put_length(uint8_t *p, uint32_t n) {
  int i = 0;
  do {
    p[i] = n & 127;
    n >>= 7;
    if (n) p[i] |= 128;
    i++;
  } while (n);
  return i;
}
static int put_text(uint8_t *p, const char *text) {
  int n = strlen(text);
  p[0] = n >> 8;
  p[1] = n;
  memcpy(p + 2, text, n);
  return n + 2;
}

void flush_client(struct client *c) {
  link_flush(&c->link);
  if (c->link.blocked == c->watched_for_writing) return;
  c->watched_for_writing = c->link.blocked;
  struct epoll_event e = {.events = EPOLLIN | (c->link.blocked ? EPOLLOUT : 0), .data.ptr = c};
  epoll_ctl(loop, EPOLL_CTL_MOD, c->link.fd, &e);
}

static void put_packet(struct client *c, uint8_t type, const uint8_t *packet, int n) {
  uint8_t *o = link_reserve(&c->link, n + 5);
  o[0] = type;
  int k = 1 + put_length(o + 1, n);
  memcpy(o + k, packet, n);
  c->link.out.length += k + n;
}

static void put_connect(struct client *c) {
  char id[40];
  static int number;
  snprintf(id, sizeof id, "mql%c%d-%d", c->publishes ? 'p' : 's', number++, (int)getpid());
  int clean = options.clean || c->publishes, v5 = options.version == 5;
  uint8_t b[512];
  int n = put_text(b, "MQTT");
  b[n++] = v5 ? 5 : 4;
  b[n++] = (clean ? 2 : 0) | (options.user ? 128 : 0) | (options.password ? 64 : 0);
  b[n++] = 0x0e; // keep-alive of an hour: nothing is sent in idle connections
  b[n++] = 0x10;
  if (v5 && clean) b[n++] = 0;
  else if (v5) {
    static const uint8_t session_expiry[] = {5, 0x11, 0, 0, 0x0e, 0x10};
    memcpy(b + n, session_expiry, sizeof session_expiry);
    n += sizeof session_expiry;
  }
  n += put_text(b + n, id);
  if (options.user) n += put_text(b + n, options.user);
  if (options.password) n += put_text(b + n, options.password);
  put_packet(c, 0x10, b, n);
  flush_client(c);
}

static void topic_of(struct client *c, uint32_t sequence, char *topic) {
  const char *s = options.scenario;
  if (!strcmp(s, "fanout")) snprintf(topic, topic_length, "%s/fan/out", options.prefix);
  else if (!strcmp(s, "pairs")) snprintf(topic, topic_length, "%s/pair/%d/value", options.prefix, c->index);
  else
    snprintf(topic, topic_length, "%s/site1/area%d/line%d/dev%d/tag%d", options.prefix, c->index % 4, c->index % 16, c->index,
             (int)(sequence % options.topics));
}

static void filter_of(struct client *c, char *filter) {
  const char *s = options.scenario;
  if (options.filter) snprintf(filter, topic_length, "%s", options.filter);
  else if (!strcmp(s, "pairs") || !strcmp(s, "fanout")) topic_of(c, 0, filter);
  else if (!strcmp(s, "idle")) snprintf(filter, topic_length, "%s/dev/%d/cmd", options.prefix, c->index);
  else snprintf(filter, topic_length, "%s/#", options.prefix);
}

void subscribe(struct client *c) {
  char filter[topic_length];
  filter_of(c, filter);
  uint8_t b[topic_length + 8];
  int n = 0;
  b[n++] = 0;
  b[n++] = 1;
  if (options.version == 5) b[n++] = 0;
  n += put_text(b + n, filter);
  b[n++] = options.qos;
  put_packet(c, 0x82, b, n);
  flush_client(c);
}

void freeze(struct client *c) { epoll_ctl(loop, EPOLL_CTL_DEL, c->link.fd, NULL); }

// Message expiry, content type and one user property: 35 bytes.
static const uint8_t properties[] = "\x02\x00\x00\x0e\x10\x03\x00\x10"
                                    "application/json\x26\x00\x04unit\x00\x03"
                                    "bar";

void put_publish(struct client *c, uint64_t time, int retain) {
  static char cache[cached_topics][topic_length];
  static uint8_t cached_length[cached_topics];
  char own[topic_length], *topic = own;
  uint32_t sequence = ++c->sequence;
  uint64_t slot = !strcmp(options.scenario, "fanin") ? (uint64_t)c->index * options.topics + sequence % options.topics
                  : retain                            ? cached_topics
                                                      : (uint64_t)c->index;
  int length;
  if (slot < cached_topics) {
    topic = cache[slot];
    if (!cached_length[slot]) {
      topic_of(c, sequence, topic);
      cached_length[slot] = strlen(topic);
    }
    length = cached_length[slot];
  } else {
    topic_of(c, sequence, topic);
    length = strlen(topic);
  }
  int extra = options.version < 5 ? 0 : options.properties ? (int)sizeof properties : 1;
  uint32_t n = 2 + length + (options.qos ? 2 : 0) + extra + options.payload;
  uint8_t *o = link_reserve(&c->link, n + 5);
  int k = 0;
  o[k++] = 0x30 | options.qos << 1 | retain;
  k += put_length(o + k, n);
  o[k++] = length >> 8;
  o[k++] = length;
  memcpy(o + k, topic, length);
  k += length;
  if (options.qos) {
    if (++c->packet_id == 0) c->packet_id = 1;
    o[k++] = c->packet_id >> 8;
    o[k++] = c->packet_id;
  }
  if (extra == 1) o[k++] = 0;
  else if (extra) {
    o[k++] = sizeof properties - 1;
    memcpy(o + k, properties, sizeof properties - 1);
    k += sizeof properties - 1;
  }
  memcpy(o + k, &time, 8);
  memcpy(o + k + 8, &c->index, 4);
  memcpy(o + k + 12, &sequence, 4);
  memset(o + k + body, 'x', options.payload - body);
  c->link.out.length += k + options.payload;
  c->sent++;
  totals.sent++;
}

static void put_ack(struct client *c, uint8_t type, const uint8_t *id) {
  uint8_t *o = link_reserve(&c->link, 4);
  o[0] = type;
  o[1] = 2;
  o[2] = id[0];
  o[3] = id[1];
  c->link.out.length += 4;
}

static void on_publish(struct client *c, uint8_t header, const uint8_t *p, uint32_t n, uint64_t now) {
  uint32_t k = 2 + (p[0] << 8 | p[1]);
  int qos = header >> 1 & 3;
  const uint8_t *id = p + k;
  if (qos) k += 2;
  if (options.version == 5) {
    uint32_t length = 0, shift = 0;
    do {
      length |= (p[k] & 127) << shift;
      shift += 7;
    } while (p[k++] & 128);
    k += length;
  }
  totals.received++;
  if (n >= k + body) {
    uint64_t time;
    int from;
    uint32_t sequence;
    memcpy(&time, p + k, 8);
    memcpy(&from, p + k + 8, 4);
    memcpy(&sequence, p + k + 12, 4);
    if (measuring && time && time < now) latency_add(now - time);
    if (from >= 0 && from < options.publishers) {
      struct client *by = &publishers[from];
      by->credit++;
      if (c->index == 0 || deliveries == 1) {
        if (sequence <= by->seen) totals.disordered++;
        by->seen = sequence;
      }
    }
  }
  if (qos == 1) put_ack(c, 0x40, id);
  else if (qos == 2) put_ack(c, 0x50, id);
}

static void on_packet(struct client *c, uint8_t header, const uint8_t *p, uint32_t n, uint64_t now) {
  // From 5.0 on an acknowledgement may refuse.
  int refused = options.version == 5 && n > 2 && p[2] >= 0x80;
  switch (header >> 4) {
  case 2:
    if (n < 2 || p[1]) die(2, "the broker refuses the client", n > 1 ? p[1] : -1);
    totals.ready++;
    break;
  case 3: on_publish(c, header, p, n, now); break;
  case 4:
    c->acknowledged++;
    totals.refused += refused;
    break;
  case 5:
    if (refused) {
      c->acknowledged++;
      totals.refused++;
    } else put_ack(c, 0x62, p);
    break;
  case 6: put_ack(c, 0x70, p); break;
  case 7: c->acknowledged++; break;
  case 9:
    if (p[n - 1] >= 0x80) die(2, "the broker refuses the subscription", p[n - 1]);
    totals.ready++;
    break;
  }
}

// The begun packet lies before what comes now.
static void on_readable(struct client *c) {
  if (c->rest_length) memcpy(buffer, c->rest, c->rest_length);
  ssize_t got = link_read(&c->link, buffer + c->rest_length, sizeof buffer - c->rest_length);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    totals.closed++;
    link_close(&c->link);
    return;
  }
  int one = 1;
  if (!c->publishes) setsockopt(c->link.fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
  uint32_t length = c->rest_length + got, at = 0;
  uint64_t now = now_ns();
  while (length - at >= 2) {
    uint32_t n = 0, shift = 0, k = at + 1;
    int whole = 0;
    while (k < length && !whole) {
      uint8_t b = buffer[k++];
      n |= (b & 127) << shift;
      shift += 7;
      whole = b < 128;
    }
    if (!whole || k + n > length) break;
    on_packet(c, buffer[at], buffer + k, n, now);
    at = k + n;
  }
  c->rest_length = length - at;
  if (c->rest_length > c->rest_capacity) {
    c->rest_capacity = c->rest_length + 256;
    c->rest = realloc(c->rest, c->rest_capacity);
  }
  if (c->rest_length) memcpy(c->rest, buffer + at, c->rest_length);
  if (link_waiting(&c->link) && !c->link.blocked) flush_client(c);
}

void poll_clients(int wait_ms) {
  static struct epoll_event events[512];
  int n = epoll_wait(loop, events, 512, wait_ms);
  for (int i = 0; i < n; i++) {
    struct client *c = events[i].data.ptr;
    if (c->link.fd < 0) continue;
    if (events[i].events & EPOLLOUT) {
      flush_client(c);
      if (c->publishes && !c->link.blocked && may_send) may_send(c);
    }
    if (events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) on_readable(c);
  }
}

static void await_ready(uint64_t want) {
  uint64_t start = now_ns();
  while (totals.ready < want) {
    poll_clients(100);
    if (totals.closed) die(4, "the broker closes connections", totals.closed);
    if (now_ns() - start > connect_seconds * 1000000000ull) die(3, "the broker does not answer all clients", want - totals.ready);
  }
}

void open_clients(struct client *list, int n, int publishes, int small) {
  uint64_t before = totals.ready;
  for (int i = 0; i < n; i++) {
    struct client *c = &list[i];
    c->index = i;
    c->publishes = publishes;
    link_open(&c->link, i + (publishes ? options.subscribers : 0), small);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(loop, EPOLL_CTL_ADD, c->link.fd, &e);
    put_connect(c);
    if (i >= at_once) await_ready(before + i + 1 - at_once);
  }
  await_ready(before + n);
}
