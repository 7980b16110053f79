import { formatIssue } from '@omh/config';
import { OmhError, reasonOf } from '@omh/core';
import { InvalidHubFile } from '@omh/hub';
import { errors } from './errors.ts';

/** Says what went wrong on stderr: the sentence, what to do next, then the code. Returns the exit code. */
export function complain(thrown: unknown): number {
  if (thrown instanceof InvalidHubFile) {
    for (const issue of thrown.issues) process.stderr.write(`${formatIssue(issue)}\n`);
    process.stderr.write(`${thrown.text} ${thrown.next} [${thrown.code}]\n`);
    return 2;
  }
  if (thrown instanceof OmhError) {
    process.stderr.write(`${thrown.text} ${thrown.next} [${thrown.code}]\n`);
    return thrown.row.blame === 'caller' && thrown.code === errors.CLI_USAGE.code ? 2 : 1;
  }
  process.stderr.write(`${thrown instanceof Error ? (thrown.stack ?? thrown.message) : reasonOf(thrown).text}\n`);
  return 1;
}
