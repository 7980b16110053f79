import { errors } from './errors.ts';

const longest = 4096;

/** The first line of stdin. Throws CLI_USAGE when there is none, or when it would have to be typed in the open on a terminal. */
export async function secretFromStdin(): Promise<string> {
  if (process.stdin.isTTY)
    throw errors.CLI_USAGE({ detail: '--password-stdin reads a pipe or a file, where nobody looks over a shoulder' });
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    text += chunk as string;
    if (text.includes('\n')) break;
    if (text.length > longest) throw errors.CLI_USAGE({ detail: `--password-stdin takes one line of ${longest} characters at most` });
  }
  const [line = ''] = text.split(/\r?\n/, 1);
  if (line === '') throw errors.CLI_USAGE({ detail: '--password-stdin finds no password on stdin' });
  return line;
}
