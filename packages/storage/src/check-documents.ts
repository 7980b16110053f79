import { readdirSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { whyNot } from './errors.ts';

export interface DocumentsCheck {
  readonly documents: number;
  readonly faults: readonly { readonly file: string; readonly why: string }[];
}

/** Reads every document of a folder and says which are none; nothing is moved or changed. A folder that is not there holds none. */
export async function checkDocuments(folder: string): Promise<DocumentsCheck> {
  const faults: { file: string; why: string }[] = [];
  const files = documentFiles(folder);
  for (const file of files) {
    try {
      parseDocument(await readFile(join(folder, file), 'utf8'));
    } catch (thrown) {
      faults.push({ file, why: thrown instanceof SyntaxError ? 'it is no JSON' : whyNot(thrown) });
    }
  }
  return { documents: files.length, faults };
}

/** A document's value as it stands on disk, whatever its version; undefined when there is none or it is damaged. Changes nothing. */
export function peekDocument(folder: string, name: string): unknown {
  try {
    return parseDocument(readFileSync(join(folder, `${name}.json`), 'utf8')).value;
  } catch {
    return undefined;
  }
}

function documentFiles(folder: string): string[] {
  try {
    return readdirSync(folder)
      .filter((file) => /^[\w-]+\.json$/.test(file))
      .sort();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw cause;
  }
}

/** The envelope of every document: `{"version":1,"value":…}`. Throws an Error with why it is none. */
export function parseDocument(text: string): { version: number; value: unknown } {
  const document = JSON.parse(text) as { version?: unknown; value?: unknown } | null;
  if (document === null || typeof document !== 'object' || !Number.isInteger(document.version) || !('value' in document))
    throw new Error('it is no document of omh');
  return { version: document.version as number, value: document.value };
}
