import type { QueueCounters } from '@omh/core';

/** What a queue counts while it runs. */
export class QueueCounts {
  matched = 0;
  received = 0;
  found = 0;
  success = 0;
  failed = 0;
  droppedFull = 0;
  droppedExpired = 0;
  droppedOther = 0;
  retried = 0;
  retriedSuccess = 0;
  retriedFailed = 0;
  lateReply = 0;

  named(inflight: number, waiting: number, bytes: number): QueueCounters {
    return {
      matched: this.matched,
      received: this.received,
      found: this.found,
      success: this.success,
      failed: this.failed,
      inflight,
      queuing: waiting - inflight,
      queuing_bytes: bytes,
      dropped: this.droppedFull + this.droppedExpired + this.droppedOther,
      'dropped.queue_full': this.droppedFull,
      'dropped.expired': this.droppedExpired,
      'dropped.other': this.droppedOther,
      retried: this.retried,
      'retried.success': this.retriedSuccess,
      'retried.failed': this.retriedFailed,
      late_reply: this.lateReply,
    };
  }
}
