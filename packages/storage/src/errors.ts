import { defineErrors } from '@omh/core';

export const errors = defineErrors({
  STORAGE_LOCKED: {
    blame: 'caller',
    status: 409,
    text: 'The data directory {path} is in use by process {pid}.',
    causes: ['Another omh runs on this directory.'],
    next: 'Stop process {pid}, or give this one another directory with --data.',
  },
  STORAGE_UNUSABLE: {
    blame: 'config',
    text: 'The data directory {path} cannot be used: {why}.',
    causes: ['The user who runs omh may not write there.', 'The disk is full or mounted read-only.'],
    next: 'Choose another directory with --data, or give this user write access to it.',
  },
  STORAGE_WRITE: {
    blame: 'config',
    status: 500,
    text: 'The file {file} cannot be written: {why}.',
    causes: ['The disk is full or mounted read-only.', 'The user who runs omh may not write there.'],
    next: 'Free some space or correct the access rights, then try again.',
  },
  STORAGE_DAMAGED: {
    blame: 'us',
    text: 'The document {file} is damaged: {why}. It is kept as {aside}.',
    causes: ['The file was edited by hand.', 'The disk returns other bytes than were written.'],
    next: 'Repair the kept file and rename it back, or go on without it.',
  },
  STORAGE_NEWER: {
    blame: 'caller',
    text: 'The document {file} has version {found}; this program reads up to version {known}.',
    causes: ['A newer omh ran on this data directory.'],
    next: 'Run the newer omh, or restore a backup of this directory.',
  },
  STORAGE_OLDER: {
    blame: 'us',
    text: 'The document {file} has version {found} and nothing here brings it to version {known}.',
    next: 'Run the omh that wrote it, or restore a backup of this directory.',
  },
  STORAGE_NAME: {
    blame: 'us',
    text: '{name} is no name for a document or folder in the data directory.',
    next: 'Use letters, digits, - and _, at most 100 characters.',
  },
  STORAGE_LOG_OPEN: {
    blame: 'config',
    status: 500,
    text: 'The log {folder} cannot be opened: {why}.',
    causes: ['The user who runs omh may not read or write there.', 'The disk reports failures.'],
    next: 'Correct the access rights or replace the disk, then start again.',
  },
  STORAGE_LOG_NEWER: {
    blame: 'caller',
    text: 'The log segment {file} has version {found}; this program reads up to version {known}.',
    causes: ['A newer omh ran on this data directory.'],
    next: 'Run the newer omh, or restore a backup of this directory.',
  },
  STORAGE_LOG_OLDER: {
    blame: 'us',
    text: 'The log segment {file} has version {found} and nothing here reads it.',
    next: 'Run the omh that wrote it, or restore a backup of this directory.',
  },
  STORAGE_LOG_FULL: {
    blame: 'us',
    status: 503,
    text: 'The log {folder} holds {bytes} bytes that the disk has not taken yet, and takes no more.',
    causes: ['The disk is full.', 'The disk is slower than what is written to it.'],
    next: 'Free some space, or write less; it goes on by itself.',
  },
  STORAGE_LOG_RECORD: {
    blame: 'caller',
    status: 413,
    text: 'A record of {bytes} bytes is longer than the {limit} bytes that a log takes.',
    next: 'Write it in parts.',
  },
  STORAGE_LOG_WRITE: {
    blame: 'config',
    status: 503,
    text: 'The log {folder} cannot be written: {why}. What is not yet safe waits in memory, and writing is tried again.',
    causes: ['The disk is full.', 'The disk reports failures.'],
    next: 'Free some space or replace the disk; it goes on by itself.',
  },
  STORAGE_LOG_READ: {
    blame: 'config',
    status: 500,
    text: 'The log segment {file} cannot be read: {why}.',
    causes: ['The disk reports failures.'],
    next: 'Check the disk and the access rights, then read again.',
  },
  STORAGE_LOG_CLOSED: {
    blame: 'us',
    status: 503,
    text: 'The log {folder} is closed.',
    next: 'Start the hub again.',
  },
  STORAGE_LOG_GONE: {
    blame: 'us',
    status: 503,
    text: 'The log {folder} changed while its files were looked up.',
    next: 'Try again.',
  },
  STORAGE_QUEUE_FULL: {
    blame: 'config',
    status: 503,
    text: 'The queue {queue} is full: its {limit} bytes wait for the target.',
    causes: ['The target is away for longer than the queue was made for.', 'The target is slower than what is offered.'],
    next: 'Bring the target back, make the queue larger, or let it drop the oldest.',
  },
  STORAGE_QUEUE_DISK: {
    blame: 'config',
    status: 503,
    text: 'The queue {queue} takes nothing: {why}',
    causes: ['The disk is full.', 'The disk reports failures.'],
    next: 'Free some space or replace the disk; it goes on by itself.',
  },
  STORAGE_QUEUE_RECORD: {
    blame: 'caller',
    status: 413,
    text: 'The queue {queue} takes no record of {bytes} bytes with a key of {keyBytes} bytes.',
    next: 'Send it in parts.',
  },
  STORAGE_QUEUE_CLOSED: {
    blame: 'us',
    status: 503,
    text: 'The queue {queue} is closed.',
    next: 'Start the hub again.',
  },
  STORAGE_QUEUE_NEWER: {
    blame: 'caller',
    text: 'The queue {folder} holds entries of version {found}; this program reads up to version {known}.',
    causes: ['A newer omh ran on this data directory.'],
    next: 'Run the newer omh, or restore a backup of this directory.',
  },
  STORAGE_QUEUE_SILENT: {
    blame: 'link',
    text: 'The target of the queue {queue} does not answer within {timeoutMs} ms.',
    next: 'Check the target and the network; what waits is sent again.',
  },
  STORAGE_QUEUE_AWAY: {
    blame: 'link',
    status: 503,
    text: 'The target of the queue {queue} takes nothing: {why} What is offered waits on the disk.',
    next: 'Bring the target back; what waits is sent then.',
  },
  STORAGE_QUEUE_ANSWER: {
    blame: 'us',
    text: 'The sender of the queue {queue} answers {answers} results for {entries} entries.',
    next: 'Report it with the log of the hub; what has no answer is sent again.',
  },
  STORAGE_QUEUE_NO_LETTER: {
    blame: 'caller',
    status: 404,
    text: 'The queue {queue} has no dead letter {position}.',
    next: 'List the dead letters again: it was sent or removed.',
  },
  STORAGE_BACKUP_DAMAGED: {
    blame: 'caller',
    text: '{file} is no whole backup: {why}.',
    causes: ['It was cut off while it was copied.', 'The disk returns other bytes than were written.', 'It is no backup of omh.'],
    next: 'Take another copy of it, or an earlier backup; nothing was restored.',
  },
  STORAGE_BACKUP_NEWER: {
    blame: 'caller',
    text: 'The backup {file} has format {found}; this program reads up to format {known}.',
    causes: ['A newer omh wrote it.'],
    next: 'Restore it with the newer omh.',
  },
  STORAGE_BACKUP_UNREADABLE: {
    blame: 'caller',
    text: 'The backup {file} cannot be read: {why}.',
    next: 'Check the path and the access rights.',
  },
  STORAGE_BACKUP_MOVED: {
    blame: 'us',
    status: 503,
    text: '{path} changed while it was copied; the backup is not whole.',
    next: 'Take the backup again.',
  },
});

/** What the system says about a failed file operation, as words. */
export function whyNot(thrown: unknown): string {
  const code = (thrown as { code?: unknown } | null)?.code;
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return 'access is denied';
    case 'ENOSPC':
    case 'EDQUOT':
      return 'the disk is full';
    case 'EROFS':
      return 'the disk is mounted read-only';
    case 'ENOENT':
      return 'the folder does not exist';
    case 'ENOTDIR':
    case 'EEXIST':
      return 'a file stands where a folder is needed';
    case 'EISDIR':
      return 'a folder stands where a file is needed';
    case 'EIO':
      return 'the disk reports a failure';
    case 'EMFILE':
    case 'ENFILE':
      return 'too many files are open';
    default:
      return thrown instanceof Error ? thrown.message : String(thrown);
  }
}
