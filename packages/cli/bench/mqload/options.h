// What one run of the load generator does; filled from the command line in main.c.
#pragma once

enum transport { TCP, TLS, WEBSOCKET };

struct options {
  const char *host, *scenario, *pids, *prefix, *filter, *user, *password;
  int port, publishers, subscribers, qos, payload, window, topics, retained, frozen, mss, clean, properties, version;
  enum transport transport;
  double rate, seconds, warm_up;
};

extern struct options options;
