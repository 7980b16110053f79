// Clock, latency histogram, and what the broker's processes cost.
#pragma once
#include <stdint.h>

uint64_t now_ns(void);

// Buckets of 1/16 of a power of two: within 6 % of the value.
void latency_add(uint64_t ns);
double latency_us(double share);
double latency_max_us(void);

// CPU-seconds of all threads of these processes so far; the list is separated by commas.
double cpu_seconds(const char *pids);
// Resident memory in MB: key is VmRSS or VmHWM.
double memory_mb(const char *pids, const char *key);
double own_cpu_seconds(void);
