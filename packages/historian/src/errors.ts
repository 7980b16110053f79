import { catalogRows, defineErrors, OmhError } from '@omh/core';
import type { ErrorRow, Reason } from '@omh/core';

/** Everything the historian refuses or reports, once. */
export const errors = defineErrors({
  HISTORIAN_OVERLOADED: {
    blame: 'us',
    status: 503,
    text: 'The historian has {queued} entries waiting and takes no more.',
    causes: ['The disk is slower than the data', 'The store is restarting'],
    next: 'Wait until the queue is shorter, or store fewer tags per second.',
  },
  HISTORIAN_NOT_RUNNING: {
    blame: 'us',
    status: 503,
    text: 'The historian is not running.',
    next: "Start the hub, or look at the historian's state for the reason.",
  },
  HISTORIAN_RESTARTING: {
    blame: 'us',
    status: 503,
    text: "The historian's process ended while it worked on this; it is being started again.",
    causes: ['The process was killed', 'A query needed more memory than the machine has'],
    next: 'Ask again in a few seconds.',
  },
  HISTORIAN_STOPPED: {
    blame: 'us',
    status: 503,
    text: 'The historian stopped before this was stored.',
    next: 'Send the data again when the hub runs.',
  },
  HISTORIAN_START_FAILED: {
    blame: 'us',
    text: 'The historian cannot open {dir}: {message}.',
    causes: ['The directory is not writable', 'The disk is full'],
    next: 'Make the directory writable and give it space.',
  },
  HISTORIAN_STORE_FAILED: {
    blame: 'us',
    status: 503,
    text: 'The historian cannot write its store: {message}.',
    causes: ['The disk is full', 'The disk reports errors'],
    next: 'Free space on the disk; what is queued is written then.',
  },
  HISTORIAN_DIRECTORY_IN_USE: {
    blame: 'caller',
    status: 409,
    text: 'The history in {dir} is in use by process {pid}.',
    causes: ['Another hub runs with the same data directory'],
    next: 'Stop the other hub, or choose another data directory with --data.',
  },
  HISTORIAN_FILE_CORRUPT: {
    blame: 'us',
    text: 'The file {file} is no readable history: {message}.',
    causes: ['The file was damaged or replaced', 'The disk reports errors'],
    next: 'Move the file away to start with an empty history, or restore a backup.',
  },
  HISTORIAN_FORMAT_NEWER: {
    blame: 'caller',
    text: 'The history in {dir} has format {found}; this version of omh reads up to {known}.',
    causes: ['A newer omh wrote it'],
    next: 'Run the newer omh, or use another data directory.',
  },
  HISTORIAN_UNKNOWN_TAG: {
    blame: 'us',
    text: 'The historian was given a sample of tag {tag}, which it does not know.',
    next: 'Make the tag known with ensureTags before its first sample.',
  },
  HISTORIAN_SQL_ERROR: {
    blame: 'caller',
    text: 'The SQL statement cannot run: {message}',
    next: 'Correct the statement and run it again.',
  },
  HISTORIAN_SQL_ONE_STATEMENT: {
    blame: 'caller',
    text: 'This takes one SQL statement, and the text has {count}.',
    next: 'Send the statements one by one.',
  },
  HISTORIAN_SQL_UNREADABLE: {
    blame: 'caller',
    text: 'The SQL text has a quote or comment that is not closed, or an identifier with Unicode escapes.',
    next: 'Close the quote or comment and write identifiers as they are.',
  },
  HISTORIAN_SQL_READ_ONLY: {
    blame: 'caller',
    status: 403,
    text: 'Only SELECT, WITH, EXPLAIN, SHOW and DESCRIBE are allowed here, not {kind}.',
    next: 'Use an account with the permission sql.write to change user tables.',
  },
  HISTORIAN_SQL_NOT_ALLOWED: {
    blame: 'caller',
    status: 403,
    text: "{what} is not allowed in the historian's SQL.",
    next: 'Use tables, views and functions inside the historian only.',
  },
  HISTORIAN_SQL_NOT_DDL: {
    blame: 'caller',
    text: 'This takes CREATE, ALTER or DROP of tables, views and indexes, not {kind}.',
    next: 'Send data with INSERT actions and questions with SELECT.',
  },
  HISTORIAN_SQL_NOT_INSERT: {
    blame: 'caller',
    text: 'A historian action is one INSERT statement, not {kind}.',
    next: 'Write INSERT INTO table(columns) VALUES (…).',
  },
  HISTORIAN_SQL_TIMEOUT: {
    blame: 'caller',
    status: 408,
    text: 'The query takes longer than {seconds} s and was stopped.',
    next: 'Ask for a shorter time range or fewer tags.',
  },
  HISTORIAN_SQL_OUT_OF_MEMORY: {
    blame: 'caller',
    status: 507,
    text: "The query needs more memory than the historian's limit.",
    next: "Ask for a shorter time range, or raise the historian's memory limit.",
  },
  HISTORIAN_BUSY: {
    blame: 'us',
    status: 503,
    text: 'The historian works on {count} queries already.',
    next: 'Ask again in a moment.',
  },
  HISTORIAN_PARAMETER_MISSING: {
    blame: 'caller',
    text: 'The statement has {expected} parameters and {given} values were given.',
    next: 'Give one value for each of $1 to ${expected}.',
  },
  HISTORIAN_HYPERTABLE_REFUSED: {
    blame: 'caller',
    text: 'create_hypertable cannot use {table}: {why}.',
    next: 'Create the table with a time column of type TIMESTAMPTZ first.',
  },
  HISTORIAN_COLUMN_TYPE: {
    blame: 'caller',
    text: 'column {column} is {type}, the value is {value}',
    next: "Send a value of the column's type, or change the column.",
  },
  HISTORIAN_COLUMN_MISSING: {
    blame: 'caller',
    text: 'Column {column} must not be empty, and the row has no value for it.',
    next: 'Send the value, or drop NOT NULL from the column.',
  },
  HISTORIAN_ROW_REFUSED: {
    blame: 'caller',
    text: 'the row breaks a rule of the table: {message}',
    next: 'Send a row that fits the table.',
  },
  HISTORIAN_HISTORY_TAG: {
    blame: 'caller',
    status: 404,
    text: 'The historian knows no tag with number {tag}.',
    next: 'Choose a tag that is configured, or that was.',
  },
  HISTORIAN_HISTORY_RANGE: {
    blame: 'caller',
    text: 'The history query is wrong: {why}.',
    next: 'Ask with from before to, and 1 to 10,000 points.',
  },
});

/** An error that crossed the process border, whole again. */
export function errorFrom(reason: Reason): OmhError {
  const rows: Readonly<Record<string, ErrorRow>> = errors[catalogRows];
  return new OmhError(reason.code, rows[reason.code] ?? { blame: 'us', text: reason.text, next: 'Look into the log.' }, reason.params);
}
