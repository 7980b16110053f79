// One connection's byte stream: TCP, TLS or WebSocket, with output that waits while the kernel takes no more.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct bytes {
  uint8_t *data;
  uint32_t length, offset, capacity;
};

struct link {
  int fd;
  int blocked; // the kernel took only a part
  struct bytes out;
  struct bytes frames; // WebSocket only: what was put into frames already
  void *tls;
  uint8_t head[14]; // WebSocket only: of the frame that is being read
  int head_length;
  uint64_t frame_left;
};

// Prepares what all links share; exits with a sentence where the transport is not there.
void links_init(void);
// Connects, shakes hands, then never blocks. small: a receive buffer of a few KB.
void link_open(struct link *link, int number, int small);
// Room for n bytes at the end of the output; the caller writes them and adds n to out.length.
uint8_t *link_reserve(struct link *link, uint32_t n);
void link_flush(struct link *link);
// As recv: bytes, 0 at the end, -1 with EAGAIN.
ssize_t link_read(struct link *link, uint8_t *buffer, size_t capacity);
void link_close(struct link *link);
uint32_t link_waiting(const struct link *link);
