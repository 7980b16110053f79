#define _GNU_SOURCE
#include "measure.h"
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000000000ull + t.tv_nsec;
}

enum { sub_buckets = 32, powers = 64 };
static uint64_t histogram[powers * sub_buckets], count, longest;

void latency_add(uint64_t ns) {
  int power = ns < sub_buckets ? 0 : 59 - __builtin_clzll(ns);
  histogram[power * sub_buckets + ((ns >> power) & (sub_buckets - 1))]++;
  count++;
  if (ns > longest) longest = ns;
}

double latency_us(double share) {
  uint64_t target = (uint64_t)(count * share), below = 0;
  for (int i = 0; i < powers * sub_buckets; i++) {
    below += histogram[i];
    if (below > target) return (double)((uint64_t)(i % sub_buckets) << (i / sub_buckets)) / 1000.0;
  }
  return longest / 1000.0;
}

double latency_max_us(void) { return longest / 1000.0; }

static double for_each_pid(const char *pids, double (*of)(const char *pid, const char *key), const char *key) {
  if (!pids) return 0;
  char *list = strdup(pids), *rest = NULL;
  double sum = 0;
  for (char *pid = strtok_r(list, ",", &rest); pid; pid = strtok_r(NULL, ",", &rest)) sum += of(pid, key);
  free(list);
  return sum;
}

static double cpu_of(const char *pid, const char *key) {
  (void)key;
  char path[512];
  snprintf(path, sizeof path, "/proc/%s/task", pid);
  DIR *tasks = opendir(path);
  if (!tasks) return 0;
  double sum = 0;
  for (struct dirent *task; (task = readdir(tasks));) {
    if (task->d_name[0] == '.') continue;
    snprintf(path, sizeof path, "/proc/%s/task/%s/schedstat", pid, task->d_name);
    FILE *file = fopen(path, "r");
    unsigned long long ns;
    if (!file) continue;
    if (fscanf(file, "%llu", &ns) == 1) sum += ns / 1e9;
    fclose(file);
  }
  closedir(tasks);
  return sum;
}

static double memory_of(const char *pid, const char *key) {
  char line[256];
  snprintf(line, sizeof line, "/proc/%s/status", pid);
  FILE *file = fopen(line, "r");
  double mb = 0;
  if (!file) return 0;
  while (fgets(line, sizeof line, file))
    if (!strncmp(line, key, strlen(key))) mb = atof(line + strlen(key) + 1) / 1024;
  fclose(file);
  return mb;
}

double cpu_seconds(const char *pids) { return for_each_pid(pids, cpu_of, NULL); }
double memory_mb(const char *pids, const char *key) { return for_each_pid(pids, memory_of, key); }

double own_cpu_seconds(void) {
  struct rusage r;
  getrusage(RUSAGE_SELF, &r);
  return r.ru_utime.tv_sec + r.ru_stime.tv_sec + (r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}
