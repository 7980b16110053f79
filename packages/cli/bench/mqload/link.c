#define _GNU_SOURCE
#include "link.h"
#include "options.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#ifdef WITH_TLS
#include <openssl/ssl.h>
static SSL_CTX *context;
#endif

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

// One source address has about 28,000 ports.
enum { connections_per_source = 25000, many = 200, large_buffer = 4 << 20, small_buffer = 8192 };

static void fail(const char *what) {
  fprintf(stderr, "%s: %s\n", what, strerror(errno));
  exit(1);
}

void links_init(void) {
  if (options.transport != TLS) return;
#ifdef WITH_TLS
  context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
#else
  fprintf(stderr, "this generator was built without TLS\n");
  exit(1);
#endif
}

static void tls_handshake(struct link *link) {
#ifdef WITH_TLS
  SSL *tls = SSL_new(context);
  SSL_set_fd(tls, link->fd);
  if (SSL_connect(tls) != 1) {
    fprintf(stderr, "the TLS handshake failed\n");
    exit(2);
  }
  link->tls = tls;
#else
  (void)link;
#endif
}

static void websocket_handshake(struct link *link) {
  char text[1024];
  int n = snprintf(text, sizeof text,
                   "GET /mqtt HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: mqtt\r\n\r\n",
                   options.host, options.port);
  if (send(link->fd, text, n, MSG_NOSIGNAL) != n) fail("send");
  for (n = 0; n < (int)sizeof text - 1; n++) {
    if (recv(link->fd, text + n, 1, 0) != 1) fail("the upgrade to WebSocket");
    text[n + 1] = 0;
    if (n >= 3 && !memcmp(text + n - 3, "\r\n\r\n", 4)) break;
  }
  if (strncmp(text, "HTTP/1.1 101", 12)) {
    fprintf(stderr, "no WebSocket: %.60s\n", text);
    exit(2);
  }
}

void link_open(struct link *link, int number, int small) {
  link->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (link->fd < 0) fail("socket");
  int one = 1, buffer = small ? small_buffer : large_buffer;
  if (options.publishers + options.subscribers > connections_per_source) {
    struct sockaddr_in source = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000002 + number / connections_per_source)};
    setsockopt(link->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    if (bind(link->fd, (void *)&source, sizeof source)) fail("bind");
  }
  if (options.mss) setsockopt(link->fd, IPPROTO_TCP, TCP_MAXSEG, &options.mss, sizeof options.mss);
  if (small || options.publishers + options.subscribers <= many) setsockopt(link->fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof buffer);
  struct sockaddr_in target = {.sin_family = AF_INET, .sin_port = htons(options.port)};
  inet_pton(AF_INET, options.host, &target.sin_addr);
  if (connect(link->fd, (void *)&target, sizeof target)) fail("connect");
  setsockopt(link->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (options.transport == TLS) tls_handshake(link);
  if (options.transport == WEBSOCKET) websocket_handshake(link);
  fcntl(link->fd, F_SETFL, O_NONBLOCK);
}

static uint8_t *reserve(struct bytes *b, uint32_t n) {
  if (b->length + n > b->capacity && b->offset) {
    memmove(b->data, b->data + b->offset, b->length - b->offset);
    b->length -= b->offset;
    b->offset = 0;
  }
  while (b->length + n > b->capacity) {
    b->capacity = b->capacity ? b->capacity * 2 : 256;
    b->data = realloc(b->data, b->capacity);
  }
  return b->data + b->length;
}
uint8_t *link_reserve(struct link *link, uint32_t n) { return reserve(&link->out, n); }
uint32_t link_waiting(const struct link *link) { return link->out.length - link->out.offset + link->frames.length - link->frames.offset; }

// A client masks what it sends; with a key of zeros the bytes stay as they are, and the server still has to unmask them.
static void frame(struct link *link) {
  struct bytes *out = &link->out;
  uint32_t n = out->length - out->offset;
  uint8_t *p = reserve(&link->frames, n + 14);
  int k = 0;
  p[k++] = 0x82;
  if (n < 126) p[k++] = 0x80 | n;
  else if (n < 65536) {
    p[k++] = 0x80 | 126;
    p[k++] = n >> 8;
    p[k++] = n;
  } else {
    p[k++] = 0x80 | 127;
    for (int shift = 56; shift >= 0; shift -= 8) p[k++] = (uint64_t)n >> shift;
  }
  memset(p + k, 0, 4);
  memcpy(p + k + 4, out->data + out->offset, n);
  link->frames.length += k + 4 + n;
  out->length = out->offset = 0;
}

static ssize_t put(struct link *link, const uint8_t *data, uint32_t n) {
#ifdef WITH_TLS
  if (link->tls) {
    int written = SSL_write(link->tls, data, n);
    if (written > 0) return written;
    int error = SSL_get_error(link->tls, written);
    errno = error == SSL_ERROR_WANT_WRITE || error == SSL_ERROR_WANT_READ ? EAGAIN : EPIPE;
    return -1;
  }
#endif
  return send(link->fd, data, n, MSG_NOSIGNAL);
}

void link_flush(struct link *link) {
  if (options.transport == WEBSOCKET && link->out.length > link->out.offset) frame(link);
  struct bytes *b = options.transport == WEBSOCKET ? &link->frames : &link->out;
  while (b->offset < b->length) {
    ssize_t n = put(link, b->data + b->offset, b->length - b->offset);
    if (n > 0) b->offset += n;
    else if (errno != EINTR) {
      link->blocked = errno == EAGAIN;
      return;
    }
  }
  b->length = b->offset = 0;
  link->blocked = 0;
}

// Takes the frames' heads out of what was read, in place.
static ssize_t unframe(struct link *link, uint8_t *buffer, ssize_t n) {
  ssize_t to = 0;
  for (ssize_t i = 0; i < n;) {
    if (link->frame_left) {
      uint64_t take = link->frame_left < (uint64_t)(n - i) ? link->frame_left : (uint64_t)(n - i);
      if ((link->head[0] & 15) <= 2) {
        memmove(buffer + to, buffer + i, take);
        to += take;
      }
      link->frame_left -= take;
      i += take;
      continue;
    }
    link->head[link->head_length++] = buffer[i++];
    if (link->head_length < 2) continue;
    int size = link->head[1] & 127, want = size == 126 ? 4 : size == 127 ? 10 : 2;
    if (link->head_length < want) continue;
    link->frame_left = want == 2 ? (uint64_t)size : 0;
    for (int k = 2; k < want; k++) link->frame_left = link->frame_left << 8 | link->head[k];
    link->head_length = 0;
    if ((link->head[0] & 15) == 8) return 0;
  }
  if (to == 0) {
    errno = EAGAIN;
    return -1;
  }
  return to;
}

ssize_t link_read(struct link *link, uint8_t *buffer, size_t capacity) {
#ifdef WITH_TLS
  if (link->tls) {
    size_t have = 0;
    while (have < capacity) {
      int n = SSL_read(link->tls, buffer + have, capacity - have);
      if (n > 0) {
        have += n;
        continue;
      }
      int error = SSL_get_error(link->tls, n);
      if (have) return have;
      errno = EAGAIN;
      return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? -1 : 0;
    }
    return have;
  }
#endif
  ssize_t n = recv(link->fd, buffer, capacity, 0);
  return n > 0 && options.transport == WEBSOCKET ? unframe(link, buffer, n) : n;
}

void link_close(struct link *link) {
#ifdef WITH_TLS
  if (link->tls) SSL_free(link->tls);
  link->tls = NULL;
#endif
  // A reset leaves no port waiting behind.
  struct linger now = {.l_onoff = 1};
  setsockopt(link->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close(link->fd);
  link->fd = -1;
}
