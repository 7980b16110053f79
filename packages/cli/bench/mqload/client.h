// One MQTT client, publisher or subscriber, and the loop that reads from all of them.
#pragma once
#include "link.h"
#include <stdint.h>

struct client {
  struct link link;
  int index, publishes, watched_for_writing;
  uint8_t *rest; // begun packet
  uint32_t rest_length, rest_capacity;
  uint64_t sent, acknowledged, credit; // credit: deliveries of what this one published
  uint16_t packet_id;
  uint32_t sequence, seen; // seen: newest sequence that its first subscriber got
};

// What all clients together did.
struct totals {
  uint64_t ready, received, sent, closed, refused, disordered;
};
extern struct totals totals;
extern struct client *publishers;
// Deliveries expected for each publication.
extern int deliveries;
// Latency is taken while this is 1.
extern int measuring;

void clients_init(void);
void open_clients(struct client *list, int n, int publishes, int small);
void subscribe(struct client *c);
// Takes it out of the loop: nothing is read from it any more.
void freeze(struct client *c);
// time: what the payload carries as the moment it was sent.
void put_publish(struct client *c, uint64_t time, int retain);
void flush_client(struct client *c);
void poll_clients(int wait_ms);
// Called after a publisher may go on.
extern void (*may_send)(struct client *c);
