// mqload: MQTT 3.1.1 and 5.0 load from one thread with epoll, so that the broker is what is measured.
// Prints one JSON object. Build: cc -O2 -o mqload *.c, with -DWITH_TLS -lssl -lcrypto for TLS.
#define _GNU_SOURCE
#include "client.h"
#include "measure.h"
#include "options.h"
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

struct options options = {.host = "127.0.0.1", .scenario = "fanin", .prefix = "bench", .port = 1883, .publishers = 50, .subscribers = 1,
                          .payload = 64, .window = 100, .topics = 10, .retained = 100000, .mss = 1448, .clean = 1, .version = 4,
                          .seconds = 3, .warm_up = 1};

enum { paced_burst = 5000, waiting_at_most = 1 << 20, closed_loop_waiting = 65536 };
static const uint64_t second = 1000000000ull, quiet_ns = 700000000ull;
static int sending;

static void await_total(const uint64_t *total, uint64_t want) {
  uint64_t start = now_ns();
  while (*total < want) {
    poll_clients(100);
    if (totals.closed || now_ns() - start > 60 * second) {
      fprintf(stderr, "%lu of %lu answers came, %lu connections were closed\n", *total, want, totals.closed);
      exit(3);
    }
  }
}

static void subscribe_all(struct client *list, int n) {
  uint64_t before = totals.ready;
  for (int i = 0; i < n; i++) {
    subscribe(&list[i]);
    if (i >= 64) await_total(&totals.ready, before + i - 63);
  }
  await_total(&totals.ready, before + n);
}

// Closed loop: as many are under way as the window allows.
static void fill_window(struct client *c) {
  if (!sending || options.rate > 0) return;
  uint64_t time = 0, window = options.window;
  while (c->sent - c->credit / deliveries < window && (!options.qos || c->sent - c->acknowledged < window)) {
    if (link_waiting(&c->link) > closed_loop_waiting) break;
    if (!time) time = now_ns();
    put_publish(c, time, 0);
    if (c->link.blocked) break;
  }
  if (link_waiting(&c->link) && !c->link.blocked) flush_client(c);
}

// Open loop: sends what is due whatever the broker does; returns how long nothing is due, ns.
static int64_t send_due(uint64_t since, uint64_t *sent, int *turn) {
  uint64_t due = (now_ns() - since) / 1e9 * options.rate;
  for (int i = 0; *sent < due && i < paced_burst; i++, (*sent)++) {
    struct client *c = &publishers[*turn];
    *turn = (*turn + 1) % options.publishers;
    if (c->link.fd < 0 || link_waiting(&c->link) > waiting_at_most) continue;
    put_publish(c, now_ns(), 0);
    flush_client(c);
  }
  return (int64_t)((*sent + 1) / options.rate * 1e9) - (int64_t)(now_ns() - since);
}

static void flow(void) {
  int pairs = !strcmp(options.scenario, "pairs"), fan_out = !strcmp(options.scenario, "fanout");
  if (pairs) options.subscribers = options.publishers;
  if (fan_out) options.publishers = 1;
  deliveries = pairs ? 1 : options.subscribers;
  struct client *subscribers = calloc(options.subscribers, sizeof *subscribers), *frozen = calloc(options.frozen + 1, sizeof *frozen);
  publishers = calloc(options.publishers, sizeof *publishers);
  open_clients(frozen, options.frozen, 0, 1);
  subscribe_all(frozen, options.frozen);
  for (int i = 0; i < options.frozen; i++) freeze(&frozen[i]);
  open_clients(subscribers, options.subscribers, 0, 0);
  subscribe_all(subscribers, options.subscribers);
  open_clients(publishers, options.publishers, 1, 0);
  may_send = fill_window;
  sending = 1;
  double rss_before = memory_mb(options.pids, "VmRSS"), cpu = 0, own = 0;
  uint64_t start = now_ns(), from = 0, until = start + options.warm_up * 1e9, progress = start, last = 0, paced = 0, stalls = 0, lost = 0;
  struct totals before = {0};
  for (int turn = 0;;) {
    uint64_t t = now_ns();
    if (t >= until && measuring) break;
    if (t >= until) {
      measuring = 1;
      before = totals;
      cpu = cpu_seconds(options.pids);
      own = own_cpu_seconds();
      from = now_ns();
      until = from + options.seconds * 1e9;
    }
    if (options.rate > 0) poll_clients(send_due(start, &paced, &turn) > 1500000 ? 1 : 0);
    else {
      for (int i = 0; i < options.publishers; i++)
        if (!publishers[i].link.blocked && publishers[i].link.fd >= 0) fill_window(&publishers[i]);
      poll_clients(50);
    }
    if (totals.received != last) {
      last = totals.received;
      progress = t;
    } else if (options.rate == 0 && t - progress > second) {
      // What does not come for a second is lost; the window opens again.
      stalls++;
      progress = t;
      for (int i = 0; i < options.publishers; i++) {
        lost += publishers[i].sent * deliveries - publishers[i].credit;
        publishers[i].credit = publishers[i].sent * deliveries;
      }
    }
  }
  double elapsed = (now_ns() - from) / 1e9;
  cpu = cpu_seconds(options.pids) - cpu;
  own = own_cpu_seconds() - own;
  uint64_t received = totals.received - before.received, sent = totals.sent - before.sent;
  double rss = memory_mb(options.pids, "VmRSS");
  sending = measuring = 0;
  progress = start = now_ns();
  while (totals.received + lost < totals.sent * deliveries && now_ns() - progress < quiet_ns && now_ns() - start < 10 * second) {
    poll_clients(50);
    if (totals.received != last) progress = now_ns();
    last = totals.received;
  }
  printf("{\"sentPerSecond\":%.0f,\"messagesPerSecond\":%.0f,\"cpuPerMillion\":%.4f,\"brokerCores\":%.3f,\"loadCores\":%.3f,"
         "\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,\"max\":%.0f,\"missing\":%ld,\"disordered\":%lu,\"refused\":%lu,\"stalls\":%lu,"
         "\"closed\":%lu,\"rssBefore\":%.1f,\"rss\":%.1f,\"rssPeak\":%.1f}\n",
         sent / elapsed, received / elapsed, received ? cpu / (received / 1e6) : 0, cpu / elapsed, own / elapsed, latency_us(0.5),
         latency_us(0.99), latency_us(0.999), latency_max_us(), (long)(totals.sent * deliveries) - (long)totals.received, totals.disordered,
         totals.refused, stalls, totals.closed, rss_before, rss, memory_mb(options.pids, "VmHWM"));
}

// Connections that say nothing: time to open, memory each.
static void idle(void) {
  int n = options.subscribers;
  options.publishers = 0;
  struct client *list = calloc(n, sizeof *list);
  double before = memory_mb(options.pids, "VmRSS"), cpu = cpu_seconds(options.pids);
  uint64_t start = now_ns();
  open_clients(list, n, 0, 1);
  double connecting = (now_ns() - start) / 1e9, connect_cpu = cpu_seconds(options.pids) - cpu;
  subscribe_all(list, n);
  uint64_t until = now_ns() + options.seconds * 1e9;
  cpu = cpu_seconds(options.pids);
  while (now_ns() < until) poll_clients(100);
  double after = memory_mb(options.pids, "VmRSS");
  printf("{\"connections\":%d,\"connectsPerSecond\":%.0f,\"cpuPerThousand\":%.4f,\"kbPerConnection\":%.2f,\"idleCpuPercent\":%.3f,"
         "\"rssBefore\":%.1f,\"rss\":%.1f,\"closed\":%lu}\n",
         n, n / connecting, connect_cpu * 1000 / n, (after - before) * 1024 / n, (cpu_seconds(options.pids) - cpu) / options.seconds * 100,
         before, after, totals.closed);
}

// Stores n retained messages, then one client subscribes to all.
static void retained(void) {
  int n = options.retained;
  options.publishers = options.subscribers = 1;
  options.topics = n;
  if (!options.qos) options.qos = 1;
  struct client *c = publishers = calloc(1, sizeof *publishers);
  open_clients(c, 1, 1, 0);
  double before = memory_mb(options.pids, "VmRSS");
  uint64_t start = now_ns();
  while (c->sent < (uint64_t)n && !totals.closed) {
    while (c->sent < (uint64_t)n && c->sent - c->acknowledged < (uint64_t)options.window) put_publish(c, 0, 1);
    flush_client(c);
    poll_clients(10);
  }
  await_total(&c->acknowledged, n);
  double storing = (now_ns() - start) / 1e9, after = memory_mb(options.pids, "VmRSS");
  struct client *s = calloc(1, sizeof *s);
  open_clients(s, 1, 0, 0);
  double cpu = cpu_seconds(options.pids);
  uint64_t first = 0, last = start = now_ns(), seen = 0;
  subscribe(s);
  while (totals.received < (uint64_t)n && now_ns() - last < 5 * second) {
    poll_clients(50);
    if (totals.received == seen) continue;
    last = now_ns();
    if (!seen) first = last;
    seen = totals.received;
  }
  printf("{\"storedPerSecond\":%.0f,\"bytesPerRetained\":%.0f,\"deliveryMs\":%.1f,\"firstMs\":%.1f,\"deliveredPerSecond\":%.0f,"
         "\"deliveryCpu\":%.4f,\"missing\":%ld,\"closed\":%lu}\n",
         n / storing, (after - before) * 1048576 / n, (last - start) / 1e6, first ? (first - start) / 1e6 : 0, seen / ((last - start) / 1e9),
         cpu_seconds(options.pids) - cpu, (long)n - (long)seen, totals.closed);
}

static void take(int name, const char *value) {
  switch (name) {
  case 'h': options.host = value; break;
  case 'p': options.port = atoi(value); break;
  case 's': options.scenario = value; break;
  case 'P': options.publishers = atoi(value); break;
  case 'S': options.subscribers = atoi(value); break;
  case 'q': options.qos = atoi(value); break;
  case 'b': options.payload = atoi(value); break;
  case 'w': options.window = atoi(value); break;
  case 'r': options.rate = atof(value); break;
  case 'd': options.seconds = atof(value); break;
  case 'W': options.warm_up = atof(value); break;
  case 'i': options.pids = value; break;
  case 'V': options.version = atoi(value); break;
  case 't': options.topics = atoi(value); break;
  case 'n': options.retained = atoi(value); break;
  case 'f': options.filter = value; break;
  case 'z': options.frozen = atoi(value); break;
  case 'c': options.clean = atoi(value); break;
  case 'o': options.properties = 1; break;
  case 'u': options.user = value; break;
  case 'x': options.password = value; break;
  case 'X': options.prefix = value; break;
  case 'm': options.mss = atoi(value); break;
  case 'T': options.transport = !strcmp(value, "tls") ? TLS : !strcmp(value, "ws") ? WEBSOCKET : TCP; break;
  default: exit(1);
  }
}

int main(int count, char **arguments) {
  static const struct option names[] = {
      {"host", 1, 0, 'h'},       {"port", 1, 0, 'p'},     {"scenario", 1, 0, 's'}, {"pubs", 1, 0, 'P'},     {"subs", 1, 0, 'S'},
      {"qos", 1, 0, 'q'},        {"payload", 1, 0, 'b'},  {"window", 1, 0, 'w'},   {"rate", 1, 0, 'r'},     {"seconds", 1, 0, 'd'},
      {"warm-up", 1, 0, 'W'},    {"pid", 1, 0, 'i'},      {"version", 1, 0, 'V'},  {"topics", 1, 0, 't'},   {"retained", 1, 0, 'n'},
      {"filter", 1, 0, 'f'},     {"frozen", 1, 0, 'z'},   {"clean", 1, 0, 'c'},    {"properties", 0, 0, 'o'}, {"user", 1, 0, 'u'},
      {"password", 1, 0, 'x'},   {"prefix", 1, 0, 'X'},   {"mss", 1, 0, 'm'},      {"transport", 1, 0, 'T'}, {0}};
  for (int name; (name = getopt_long(count, arguments, "", names, NULL)) != -1;) take(name, optarg);
  if (options.payload < 16) options.payload = 16;
  signal(SIGPIPE, SIG_IGN);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  clients_init();
  if (!strcmp(options.scenario, "idle")) idle();
  else if (!strcmp(options.scenario, "retained")) retained();
  else flow();
  return totals.closed ? 4 : 0;
}
